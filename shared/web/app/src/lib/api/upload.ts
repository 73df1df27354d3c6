// Sends a form with files, says how much of it is sent, and can be stopped. `fetch` cannot say how much it has sent.
import { addressOf, HEADERS, readBody, refusalOf, Refusal, type Options } from './client';

/** Hears how many bytes of the form are sent, and how many there are. */
export type Progress = (sent: number, all: number) => void;

/** Posts a form, and reads the JSON of the answer. */
export function upload<T>(
  address: string,
  form: FormData,
  progress: Progress,
  { query, signal }: Options,
): Promise<T> {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    request.open('POST', addressOf(address, query));
    for (const [name, value] of Object.entries(HEADERS)) request.setRequestHeader(name, value);
    request.upload.onprogress = ({ loaded, total }) => progress(loaded, total);
    request.onload = () => {
      const { status, responseText } = request;
      if (status >= 200 && status < 300) resolve(readBody<T>(responseText));
      else reject(refusalOf(status, responseText));
    };
    request.onerror = () => reject(new Refusal(0, 'The server does not answer.'));
    request.onabort = () => reject(new DOMException('The upload was stopped.', 'AbortError'));
    signal?.addEventListener('abort', () => request.abort(), { once: true });
    request.send(form);
  });
}
