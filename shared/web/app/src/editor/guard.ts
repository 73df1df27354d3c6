// Asks before a page with a text that is not saved is left.
import { router } from '../lib/url/router.svelte';
import type { Edit } from './edit.svelte';

const QUESTION =
  'The text is not saved. Leave the page? This browser keeps the text, and offers it when you come back.';

/** Guards the pages below an address until the answer is called. */
export function guardChanges(base: string, edit: () => Edit | undefined): () => void {
  const isChanged = (): boolean => edit()?.isChanged ?? false;
  const leave = router.guard((next) => {
    if (next.pathname.startsWith(base) || !isChanged()) return true;
    const mayLeave = confirm(QUESTION);
    if (mayLeave) edit()?.keep();
    return mayLeave;
  });
  // Closing the window asks in the words of the browser.
  const close = (event: BeforeUnloadEvent): void => {
    edit()?.keep();
    if (isChanged()) event.preventDefault();
  };
  addEventListener('beforeunload', close);
  return () => {
    leave();
    removeEventListener('beforeunload', close);
  };
}
