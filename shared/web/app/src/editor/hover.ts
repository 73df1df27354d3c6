// What is shown under the pointer: a property with its type, default and description, or the value that an expression
// had in the last execution of the flow, or when a schedule fires next.
import { hoverTooltip, type Tooltip } from '@codemirror/view';
import { cronWords } from '../lib/format/cron';
import { minuteText, partsIn } from '../lib/format/parts';
import type { Knowledge } from './knowledge';
import { outline } from './outline';
import { placeAt } from './place';
import { about, properties } from './schema';
import { schemaOf } from './complete';
import { around, read } from './written';

/** The longest value that is shown, in characters. */
const LONGEST = 2_000;

/** The expression around a column of a line, with its braces. */
export function expressionAt(line: string, column: number): { from: number; to: number } | undefined {
  const from = line.lastIndexOf('{{', column + 1);
  if (from < 0) return undefined;
  const to = line.indexOf('}}', from);
  return to >= 0 && column < to + 2 && column >= from ? { from, to: to + 2 } : undefined;
}

export function hovers(known: Knowledge) {
  return hoverTooltip(async (view, pos): Promise<Tooltip | null> => {
    const line = view.state.doc.lineAt(pos);
    const column = pos - line.from;
    const expression = expressionAt(line.text, column);
    if (expression) {
      const text = line.text.slice(expression.from, expression.to);
      const { namespace, flow } = outline(view.state.doc.toString());
      const value = await known.evaluate(namespace, flow, text);
      return value === undefined
        ? null
        : tooltip(line.from + expression.from, line.from + expression.to, value);
    }
    const [whole = '', before = '', key = ''] = /^(\s*(?:- +)*)([\w.-]+):/.exec(line.text) ?? [];
    const isOnValue = key === 'cron' && column >= before.length;
    if (!isOnValue && (column < before.length || column >= whole.length)) return null;
    if (key === 'cron') {
      const words = await schedule(view.state.doc.toString(), line.number, known);
      if (words) return tooltip(line.from + before.length, line.to, words);
    }
    const place = placeAt(view.state.doc.toString().split('\n'), line.number - 1, before.length + key.length);
    const found = place && (await schemaOf(place, known));
    const one = found && properties(found.schema, found.root).get(key);
    const text = one && about(one, found.root);
    return text ? tooltip(line.from + before.length, line.from + whole.length - 1, text) : null;
  });
}

/** What the schedule on a line means, and when it fires next. Undefined if its cron cannot be read. */
async function schedule(source: string, line: number, known: Knowledge): Promise<string | undefined> {
  const written = around(read(source), line)[0]?.value;
  const cron = written?.['cron'];
  if (typeof cron !== 'string') return undefined;
  const zone = typeof written?.['timezone'] === 'string' ? written['timezone'] : 'UTC';
  const next = await known.next(cron, zone, written?.['withSeconds'] === true).catch(() => undefined);
  if (!next) return undefined;
  const moments = next.dates.map((date) => minuteText(partsIn(zone)(date)));
  const words = cronWords(cron);
  return [...(words ? [words] : []), `Next in ${zone}:`, ...moments].join('\n');
}

function tooltip(pos: number, end: number, text: string): Tooltip {
  return {
    pos,
    end,
    above: true,
    create: () => {
      const dom = document.createElement('div');
      dom.className = 'hover';
      dom.textContent = text.length > LONGEST ? `${text.slice(0, LONGEST)} …` : text;
      return { dom };
    },
  };
}
