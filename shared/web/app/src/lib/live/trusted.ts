// The policy of Trusted Types for the only script that the pages start by an address: the shared worker.

/** The part of Trusted Types that is used here. TypeScript does not have the types of the browser for it. */
interface TrustedTypes {
  createPolicy: (
    name: string,
    rules: { createScriptURL: (address: string) => string },
  ) => { createScriptURL: (address: string) => { toString: () => string } };
}

const types = (globalThis as { trustedTypes?: TrustedTypes }).trustedTypes;
const policy = types?.createPolicy('segue-worker', {
  createScriptURL(address) {
    const url = new URL(address, location.href);
    if (url.origin !== location.origin || !url.pathname.startsWith('/ui/'))
      throw new TypeError(`'${address}' is not a script of these pages.`);
    return url.href;
  },
});

/** The address of a script of these pages, in the form that the browser accepts for a worker. */
export function trustedScript(address: string): string {
  // A browser with Trusted Types takes the object, which only the policy can make.
  return policy ? (policy.createScriptURL(address) as unknown as string) : address;
}
