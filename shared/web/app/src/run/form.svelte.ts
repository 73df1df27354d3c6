// A form for inputs: to run a flow, to replay an execution, to resume a pause. A field that somebody touched keeps its
// value; all others show what the server resolves.
import { post, Refusal } from '../lib/api/client';
import { upload } from '../lib/api/upload';
import type { FlowPart, InputsValidation } from '../lib/api/types';
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
  /** The text that an earlier execution had. Undefined if the form is not filled in from one. */
  former: string | undefined;
  /** The default of the source. Empty if it is an expression, which only the server can render. */
  preset: string;
}

/** Where a form goes: the address that checks it, and the one that takes it. */
export interface Target {
  check: string;
  send: string;
  /** The query of the check. */
  query?: URLSearchParams;
}

export class InputForm {
  readonly fields: FieldState[];
  refused = $state.raw<Refusal>();
  isSending = $state(false);
  /** How much of the form is sent. Undefined while nothing is sent. */
  sent = $state.raw<{ bytes: number; all: number }>();
  #sending: AbortController | undefined;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #request: AbortController | undefined;

  constructor(
    parts: readonly FlowPart[],
    readonly target: Target,
    /** Values as text, from the address. */
    given: ReadonlyMap<string, string> = new Map(),
    /** The inputs of an earlier execution. Its secrets are not filled in. */
    earlier?: Readonly<Record<string, unknown>>,
  ) {
    const fields = $state(
      parts.map((part): FieldState => {
        const made = field(part);
        // An input without a value is null there. Sent as an empty text, the server would refuse it as a number or a date.
        const old = earlier?.[made.id] ?? undefined;
        // A secret comes back encrypted. A file stays where it is stored, and is named by its address.
        const former = made.control === 'secret' || old === undefined ? undefined : shown(made.control, old);
        const isGivable = made.control !== 'secret' && made.control !== 'file';
        const value = (isGivable ? given.get(made.id) : undefined) ?? former;
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
          former: earlier && (former ?? ''),
          preset: preset(made, part['defaults']),
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

  /** Sends the form. Undefined if a field is wrong, or if the server refuses. */
  async send<T>(query?: URLSearchParams): Promise<{ answer: T } | undefined> {
    clearTimeout(this.#timer);
    for (const one of this.fields) one.wasLeft = true;
    this.isSending = true;
    this.refused = undefined;
    try {
      await this.#validate();
      if (this.wrong.length > 0) return undefined;
      this.#sending = new AbortController();
      const { signal } = this.#sending;
      const progress = (bytes: number, all: number) => (this.sent = { bytes, all });
      return { answer: await upload<T>(this.target.send, this.#form(true), progress, { query, signal }) };
    } catch (error) {
      if (error instanceof DOMException && error.name === 'AbortError') return undefined;
      this.refused = error instanceof Refusal ? error : new Refusal(0, String(error));
      return undefined;
    } finally {
      this.isSending = false;
      this.sent = undefined;
      this.#sending = undefined;
    }
  }

  /** Stops what is sent. The form stays as it is. False if nothing was on its way. */
  stop(): boolean {
    this.#sending?.abort();
    return this.#sending !== undefined;
  }

  /** What was touched. Hidden inputs are not sent. */
  get given(): Given[] {
    return this.fields.flatMap((one): Given[] => {
      const { id, control } = one.field;
      if (!one.isTouched || !one.isEnabled) return [];
      if (control === 'file' && one.file) return [{ id, kind: 'file', value: one.file.name }];
      if (control === 'file' && !isStored(one.value)) return [];
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
    const { check, query } = this.target;
    try {
      const form = this.#form(false);
      this.#take(await post<InputsValidation>(check, form, { query, signal: request.signal }));
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
        // The server resolves no value as long as another input is wrong. A fixed default is known all the same.
        one.value = report.value === undefined ? one.preset : shown(one.field.control, report.value);
      }
    }
  }
}

function preset({ control }: Field, value: unknown): string {
  const text = shown(control, value);
  return control === 'secret' || control === 'file' || text.includes('{{') ? '' : text;
}

/** Whether a text is the address of a file that the server has. */
function isStored(value: string): boolean {
  return /^[a-z]+:\/\//.test(value);
}
