// Checks the files of an import, and saves the flows that the server accepts.
import { get, path, post, postYaml, Refusal } from '../lib/api/client';
import type { Flow, FlowValidation } from '../lib/api/types';
import type { SourceFile } from './files';
import { isSaved, rows, type Row } from './report';

export class Import {
  rows = $state.raw<Row[]>([]);
  /** How many files were checked, or saved, in the current step. */
  done = $state(0);
  step = $state<'checking' | 'ready' | 'saving' | 'saved'>('checking');
  error = $state.raw<Refusal>();

  constructor(readonly files: readonly SourceFile[]) {
    void this.#run(() => this.#check());
  }

  /** Saves what is new or changed. A file with refused flows gives only its other flows. */
  async save(): Promise<void> {
    await this.#run(async () => {
      this.step = 'saving';
      this.done = 0;
      for (const { name, text } of this.files) {
        const wanted = this.rows.some((row) => row.file === name && isSaved(row));
        if (wanted) {
          const form = new FormData();
          form.append('fileUpload', new File([text], 'flows.yaml', { type: 'application/x-yaml' }));
          await post<string[]>('/flows/import', form);
        }
        this.done += 1;
      }
      this.step = 'saved';
    });
  }

  async #check(): Promise<void> {
    for (const file of this.files) {
      const checked = await postYaml<FlowValidation[]>('/flows/validate', file.text);
      const stored = new Map<string, string>();
      for (const { namespace, flow } of checked) {
        const source = namespace && flow ? await sourceOf(namespace, flow) : undefined;
        if (source !== undefined) stored.set(`${namespace}/${flow}`, source);
      }
      this.rows = [...this.rows, ...rows(file, checked, stored)];
      this.done += 1;
    }
    this.step = 'ready';
  }

  async #run(task: () => Promise<void>): Promise<void> {
    this.error = undefined;
    try {
      await task();
    } catch (error) {
      this.error = error instanceof Refusal ? error : new Refusal(0, String(error));
      this.step = 'ready';
    }
  }
}

async function sourceOf(namespace: string, id: string): Promise<string | undefined> {
  try {
    const query = new URLSearchParams({ source: 'true' });
    return (await get<Flow>(path`/flows/${namespace}/${id}`, { query })).source ?? undefined;
  } catch (error) {
    if (error instanceof Refusal && error.status === 404) return undefined;
    throw error;
  }
}
