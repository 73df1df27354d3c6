// What the server is: asked once for all components.
import { get } from './api/client';
import type { Configs } from './api/types';

class ServerConfigs {
  value = $state.raw<Configs>();
  #asked: Promise<void> | undefined;

  /** Asks the server, once. A failed request is sent again by the next caller. */
  load(): Promise<void> {
    this.#asked ??= this.#ask();
    return this.#asked;
  }

  async #ask(): Promise<void> {
    try {
      this.value = await get<Configs>('/configs');
    } catch {
      // The page itself says that the server does not answer.
      this.#asked = undefined;
    }
  }
}

export const configs = new ServerConfigs();
