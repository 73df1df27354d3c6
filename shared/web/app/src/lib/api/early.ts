// The first request of a page, sent while the program of the page is still on its way.

let sent: { address: string; answer: Promise<Response> } | undefined;

/** Sends a request that the page will send. */
export function begin(address: string, init: RequestInit): void {
  const answer = fetch(address, init);
  // The page that takes the answer says what is wrong.
  answer.catch(() => undefined);
  sent = { address, answer };
}

/** The answer to a request that has been sent already. Only the first one to ask has it. */
export function take(address: string): Promise<Response> | undefined {
  if (sent?.address !== address) return undefined;
  const { answer } = sent;
  sent = undefined;
  return answer;
}
