/** What the page shows: the gallery, or what it takes to get in. */

import { useState } from "preact/hooks";
import { hasSession, openSession } from "./api.js";
import { Browser } from "./browser.js";

export function Root({ refusal }: { refusal: string | undefined }) {
  const [isOpen, setOpen] = useState(hasSession());
  if (isOpen) return <Browser onClosed={() => setOpen(false)} />;
  return <SignIn refusal={refusal} onOpen={() => setOpen(true)} />;
}

function SignIn({ refusal, onOpen }: { refusal: string | undefined; onOpen: () => void }) {
  const [problem, setProblem] = useState(refusal);
  const submit = async (event: SubmitEvent) => {
    event.preventDefault();
    const key = new FormData(event.currentTarget as HTMLFormElement).get("key");
    if (typeof key !== "string" || key.trim() === "") return setProblem("a key is needed");
    if (!/^[\x21-\x7e]+$/.test(key.trim())) return setProblem("this is not the key");
    const failed = await openSession({ key: key.trim() });
    if (failed === undefined) onOpen();
    else setProblem(failed);
  };
  return (
    <main class="sign-in">
      <h1>Sluice gallery</h1>
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
