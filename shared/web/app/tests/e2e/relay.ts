// A relay between browser and server that counts the open streams, and can cut them.
import { createServer, request, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';

export class Relay {
  readonly #streams = new Set<ServerResponse>();
  readonly #sockets = new Set<Socket>();
  readonly #server = createServer((asked, answer) => this.#pass(asked, answer));
  url = '';
  /** How many streams were opened since the start. */
  opened = 0;

  constructor(readonly target: string) {}

  async start(): Promise<void> {
    this.#server.on('connection', (socket) => {
      this.#sockets.add(socket);
      socket.once('close', () => this.#sockets.delete(socket));
    });
    await new Promise<void>((resolve) => this.#server.listen(0, '127.0.0.1', resolve));
    this.url = `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  /** How many streams are open now. */
  get open(): number {
    return this.#streams.size;
  }

  /** Ends all streams in the middle. */
  cut(): void {
    for (const stream of this.#streams) stream.destroy();
  }

  async end(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  #pass(asked: IncomingMessage, answer: ServerResponse): void {
    const { method, headers, url = '/' } = asked;
    const passed = request(new URL(url, this.target), { method, headers }, (found) => {
      answer.writeHead(found.statusCode ?? 502, found.headers);
      found.pipe(answer);
      if (!url.includes('/events?')) return;
      this.opened += 1;
      this.#streams.add(answer);
      answer.once('close', () => this.#streams.delete(answer));
    });
    passed.on('error', () => answer.destroy());
    answer.once('close', () => passed.destroy());
    asked.pipe(passed);
  }
}
