/** What the page shows: the gallery, or what it takes to get in. */

import { useState } from "preact/hooks";
import { hasSession, openSession } from "./api.js";
import { Browser } from "./browser.js";

export function Root({ refusal }: { refusal: string | undefined }) {
  const [isOpen, setOpen] = useState(hasSession());
  const [isOver, setOver] = useState(false);
  const close = () => {
    setOver(true);
    setOpen(false);
  };
  if (isOpen) return <Browser onClosed={close} />;
  return <SignIn refusal={refusal} isOver={isOver} onOpen={() => setOpen(true)} />;
}

interface SignInProps {
  refusal: string | undefined;
  /** There was a session. */
  isOver: boolean;
  onOpen: () => void;
}

function SignIn({ refusal, isOver, onOpen }: SignInProps) {
  const [problem, setProblem] = useState(refusal);
  const submit = async (event: SubmitEvent) => {
    event.preventDefault();
    const given = new FormData(event.currentTarget as HTMLFormElement).get("key");
    const key = typeof given === "string" ? given.trim() : "";
    if (key === "") return setProblem("a key is needed");
    if (!/^[\x21-\x7e]+$/.test(key)) return setProblem("this is not the key");
    const failed = await openSession({ key });
    if (failed === undefined) onOpen();
    else setProblem(failed);
  };
  return (
    <main class="alone">
      <h1>Sluice gallery</h1>
      {isOver && <p>The session is over: the store was started anew.</p>}
      <p>Open the address that the store printed when it started, or enter the store's key.</p>
      <form onSubmit={submit}>
        <label for="key">Key</label>
        <input id="key" name="key" type="password" autocomplete="off" aria-describedby="problem" />
        <button type="submit">Open</button>
      </form>
      <p id="problem" class="problem" role="alert">
        {problem}
      </p>
      <p class="hint">A store that was started without --pat takes any key.</p>
    </main>
  );
}
