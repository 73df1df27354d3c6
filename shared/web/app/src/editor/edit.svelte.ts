// The text of a flow while it is changed: what is saved, what is different, and how it is saved.
import { get, path, postYaml, putYaml, Refusal } from '../lib/api/client';
import type { Flow } from '../lib/api/types';
import { draftOf, dropDraft, keepDraft, type Draft } from './drafts';

/** How long a change waits until it is kept in the browser, in ms. */
const PAUSE = 300;

/** Another text that somebody saved meanwhile. */
export interface Conflict {
  revision: number;
  source: string;
}

export class Edit {
  /** What is saved. */
  source = $state('');
  /** The revision of `source`. 0 if nothing is saved yet. */
  revision = $state(0);
  text = $state('');
  /** A text of an earlier visit that was not saved. */
  offered = $state.raw<Draft>();
  conflict = $state.raw<Conflict>();
  refused = $state.raw<Refusal>();
  isSaving = $state(false);
  /** What the last save did. */
  said = $state('');
  errors = $state(0);
  readonly isChanged = $derived(this.text !== this.source);
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(
    /** `namespace/id`, or `new`. */
    readonly key: string,
    flow: Flow | undefined,
    /** The text of a flow that does not exist yet. */
    template = '',
  ) {
    this.source = flow?.source ?? '';
    this.revision = flow?.revision ?? 0;
    this.text = flow ? this.source : template;
    const draft = draftOf(key);
    if (draft && draft.text !== this.text) this.offered = draft;
  }

  change(text: string): void {
    this.text = text;
    this.said = '';
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.keep(), PAUSE);
  }

  /** Keeps the text in the browser, or forgets it if it is saved. */
  keep(): void {
    clearTimeout(this.#timer);
    if (this.offered) return;
    if (this.isChanged) keepDraft(this.key, { text: this.text, revision: this.revision, date: isoNow() });
    else dropDraft(this.key);
  }

  take(): void {
    if (this.offered) this.text = this.offered.text;
    this.offered = undefined;
    this.keep();
  }

  discard(): void {
    this.offered = undefined;
    this.keep();
  }

  /** Saves. Returns the saved flow, or nothing if the server refused. */
  async save(): Promise<Flow | undefined> {
    if (this.isSaving) return undefined;
    this.isSaving = true;
    this.refused = undefined;
    try {
      const before = this.revision;
      const flow = await this.#send();
      this.source = flow.source ?? this.text;
      this.revision = flow.revision;
      this.conflict = undefined;
      this.offered = undefined;
      dropDraft(this.key);
      this.said =
        flow.revision === before
          ? `Nothing has changed since revision ${before}`
          : `Saved as revision ${flow.revision}`;
      return flow;
    } catch (error) {
      await this.#failed(error);
      return undefined;
    } finally {
      this.isSaving = false;
    }
  }

  async #send(): Promise<Flow> {
    if (this.revision === 0) return postYaml<Flow>('/flows', this.text);
    const ifRevision = this.conflict?.revision ?? this.revision;
    return putYaml<Flow>(this.#address(), this.text, { ifRevision });
  }

  async #failed(error: unknown): Promise<void> {
    const refused = error instanceof Refusal ? error : new Refusal(0, String(error));
    if (refused.status !== 409 || this.revision === 0) {
      this.refused = refused;
      return;
    }
    try {
      const theirs = await get<Flow>(this.#address(), { query: new URLSearchParams({ source: 'true' }) });
      this.conflict = { revision: theirs.revision, source: theirs.source ?? '' };
    } catch (failed) {
      this.refused = failed instanceof Refusal ? failed : refused;
    }
  }

  #address(): string {
    const [namespace = '', id = ''] = this.key.split('/');
    return path`/flows/${namespace}/${id}`;
  }
}

function isoNow(): string {
  return new Date(Date.now()).toISOString();
}
