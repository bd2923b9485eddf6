/** Shows the gallery, or asks for the key if no session is open. */

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
  /** A session was open before. */
  isOver: boolean;
  onOpen: () => void;
}

function SignIn({ refusal, isOver, onOpen }: SignInProps) {
  const [problem, setProblem] = useState(refusal);
  const submit = async (event: SubmitEvent) => {
    event.preventDefault();
    const entered = new FormData(event.currentTarget as HTMLFormElement).get("key");
    const key = typeof entered === "string" ? entered.trim() : "";
    if (key === "") return setProblem("Enter a key.");
    if (!/^[\x21-\x7e]+$/.test(key)) return setProblem("The key is wrong.");
    const failure = await openSession({ key });
    if (failure === undefined) onOpen();
    else setProblem(failure);
  };
  return (
    <main class="notice">
      <h1>Sluice gallery</h1>
      {isOver && <p>The session is over, because the emulator was restarted.</p>}
      <p>Open the address that the emulator printed when it started, or enter its key.</p>
      <form onSubmit={submit}>
        <label for="key">Key</label>
        <input id="key" name="key" type="password" autocomplete="off" aria-describedby="problem" />
        <button type="submit">Open</button>
      </form>
      <p id="problem" class="problem" role="alert">
        {problem}
      </p>
      <p class="hint">An emulator that was started without --pat accepts any key.</p>
    </main>
  );
}
