// Base64, which people paste because variables of the environment have it.

/** The shortest text that is taken for base64. Words are shorter. */
const SHORTEST = 16;

/** The text behind base64. Nothing for a text that is not base64, or that is not a text behind it. */
export function decoded(text: string): string | undefined {
  const compact = text.replaceAll(/\s/g, '');
  if (compact.length < SHORTEST || compact.length % 4 !== 0 || !/^[A-Za-z0-9+/]+={0,2}$/.test(compact))
    return undefined;
  try {
    const bytes = Uint8Array.from(atob(compact), (letter) => letter.charCodeAt(0));
    const plain = new TextDecoder('utf-8', { fatal: true }).decode(bytes);
    // A control character is a sign of a random key, which is meant as it is.
    return /[\u0000-\u0008\u000e-\u001f]/.test(plain) ? undefined : plain;
  } catch {
    return undefined;
  }
}
