// The form to run a flow. A field that somebody touched keeps its value; all others show what the server resolves.
import { path, post, Refusal } from '../lib/api/client';
import type { Execution, Flow, InputsValidation } from '../lib/api/types';
import type { Given } from './commands';
import { field, sent, shown, strings, type Field } from './inputs';

/** How long the form waits after a change before it asks the server, in ms. */
const PAUSE = 300;

export interface FieldState {
  field: Field;
  value: string;
  file: File | undefined;
  isTouched: boolean;
  /** Whether the field was left once. Errors are shown from then on. */
  wasLeft: boolean;
  isEnabled: boolean;
  errors: string[];
  /** The values of a choice, also those that an expression gives. */
  values: string[];
  itemType: string;
}

export class RunForm {
  readonly fields: FieldState[];
  refused = $state.raw<Refusal>();
  isSending = $state(false);
  #timer: ReturnType<typeof setTimeout> | undefined;
  #request: AbortController | undefined;

  constructor(
    readonly flow: Flow,
    /** Values as text, from the address. */
    given: ReadonlyMap<string, string>,
    /** The inputs of an earlier execution. Its files and secrets are not filled in. */
    earlier: Readonly<Record<string, unknown>> = {},
  ) {
    const fields = $state(
      (flow.inputs ?? []).map((part): FieldState => {
        const made = field(part);
        const canFill = made.control !== 'secret' && made.control !== 'file';
        const former = made.id in earlier ? shown(made.control, earlier[made.id]) : undefined;
        const value = canFill ? (given.get(made.id) ?? former) : undefined;
        return {
          field: made,
          value: value ?? '',
          file: undefined,
          isTouched: value !== undefined,
          wasLeft: false,
          isEnabled: true,
          errors: [],
          values: made.values,
          itemType: String(part['itemType'] ?? 'STRING'),
        };
      }),
    );
    this.fields = fields;
    void this.#validate();
  }

  /** A field was changed by the user. */
  change(one: FieldState, value: string): void {
    one.value = value;
    one.isTouched = true;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => void this.#validate(), PAUSE);
  }

  choose(one: FieldState, file: File | undefined): void {
    one.file = file;
    this.change(one, file?.name ?? '');
  }

  /** Gives a field back to the server's default. */
  reset(one: FieldState): void {
    one.isTouched = false;
    one.file = undefined;
    one.value = '';
    void this.#validate();
  }

  /** The fields with an error that counts. */
  get wrong(): FieldState[] {
    return this.fields.filter((one) => one.isEnabled && one.errors.length > 0);
  }

  /** Starts the execution. Undefined if a field is wrong, or if the server refuses. */
  async run(query: URLSearchParams): Promise<Execution | undefined> {
    clearTimeout(this.#timer);
    for (const one of this.fields) one.wasLeft = true;
    this.isSending = true;
    this.refused = undefined;
    try {
      await this.#validate();
      if (this.wrong.length > 0) return undefined;
      const address = path`/executions/${this.flow.namespace}/${this.flow.id}`;
      return await post<Execution>(address, this.#form(true), { query });
    } catch (error) {
      this.refused = error instanceof Refusal ? error : new Refusal(0, String(error));
      return undefined;
    } finally {
      this.isSending = false;
    }
  }

  /** What was touched. Hidden inputs are not sent. */
  get given(): Given[] {
    return this.fields.flatMap((one): Given[] => {
      const { id, control } = one.field;
      if (!one.isTouched || !one.isEnabled) return [];
      if (control === 'file') return one.file ? [{ id, kind: 'file', value: one.file.name }] : [];
      if (control === 'secret') return [{ id, kind: 'secret', value: '' }];
      return [{ id, kind: 'text', value: sent(one.field, one.value, one.itemType) }];
    });
  }

  /** The form that is sent. Files are sent only with the execution itself. */
  #form(hasFiles: boolean): FormData {
    const form = new FormData();
    const states = new Map(this.fields.map((one) => [one.field.id, one]));
    for (const { id, kind, value } of this.given) {
      const one = states.get(id);
      if (kind === 'text') form.append(id, value);
      else if (kind === 'secret') form.append(id, one?.value ?? '');
      else if (hasFiles && one?.file) form.append(id, one.file, value);
    }
    return form;
  }

  async #validate(): Promise<void> {
    if (this.fields.length === 0) return;
    this.#request?.abort();
    const request = new AbortController();
    this.#request = request;
    const address = path`/executions/${this.flow.namespace}/${this.flow.id}/validate`;
    try {
      this.#take(await post<InputsValidation>(address, this.#form(false), { signal: request.signal }));
    } catch (error) {
      // The execution itself is checked again, so a form without an answer can still be sent.
      if (error instanceof Refusal) this.refused = error;
    }
  }

  #take(found: InputsValidation): void {
    const reports = new Map(found.inputs.map((report) => [report.input.id, report]));
    for (const one of this.fields) {
      const report = reports.get(one.field.id);
      if (!report) continue;
      one.isEnabled = report.enabled;
      // The file is not sent for the check, so the server misses it.
      one.errors =
        one.field.control === 'file' && one.file ? [] : report.errors.map(({ message }) => message);
      const values = strings((report.input as Record<string, unknown>)['values']);
      if (values.length > 0) one.values = values;
      if (!one.isTouched && one.field.control !== 'secret' && one.field.control !== 'file') {
        one.value = shown(one.field.control, report.value);
      }
    }
  }
}
