// What an import of files would do, flow by flow.
import type { Diagnostic, FlowValidation } from '../lib/api/types';
import type { SourceFile } from './files';

export type Outcome = 'new' | 'changed' | 'same' | 'refused';

/** A flow of a file. */
export interface Row {
  file: string;
  /** The position of the flow in the file, from 0. */
  index: number;
  /** `namespace.id`, as far as the source has them. */
  flow: string;
  outcome: Outcome;
  problems: Diagnostic[];
}

/** The sources that are stored now, by `namespace/id`. */
export type Stored = ReadonlyMap<string, string>;

/** The rows of a file, from the server's check of the file. A file without a flow is one refused row. */
export function rows({ name, text }: SourceFile, checked: readonly FlowValidation[], stored: Stored): Row[] {
  if (checked.length === 0) return [{ file: name, index: 0, flow: '', outcome: 'refused', problems: [] }];
  return checked.map((one, index) => ({
    file: name,
    index,
    flow: [one.namespace, one.flow].filter((part) => part !== undefined).join('.'),
    outcome: outcome(one, text, stored),
    problems: one.diagnostics,
  }));
}

function outcome(checked: FlowValidation, text: string, stored: Stored): Outcome {
  if (checked.constraints !== undefined) return 'refused';
  const old = stored.get(`${checked.namespace ?? ''}/${checked.flow ?? ''}`);
  if (old === undefined) return 'new';
  // A file can have several flows, so the stored source is a part of the file.
  return text.includes(old.trim()) ? 'same' : 'changed';
}

/** Whether the flow of a row is saved. */
export function isSaved({ outcome }: Row): boolean {
  return outcome === 'new' || outcome === 'changed';
}

/** The words of the button: how many flows are saved, and how many are refused. */
export function plan(all: readonly Row[]): string {
  const saved = all.filter(isSaved).length;
  const refused = all.filter(({ outcome }) => outcome === 'refused').length;
  return `Import ${saved} ${saved === 1 ? 'flow' : 'flows'}${refused > 0 ? `, skip ${refused} refused` : ''}`;
}
