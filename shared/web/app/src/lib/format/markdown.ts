// Markdown as blocks and pieces of text. Nothing becomes HTML: whoever draws the blocks makes elements for them, so a
// tag in the text is text.

export type Piece =
  | { kind: 'text' | 'code' | 'strong' | 'emphasis'; text: string }
  | { kind: 'link'; text: string; address: string };

export type Block =
  | { kind: 'heading'; level: number; pieces: Piece[] }
  | { kind: 'paragraph'; pieces: Piece[] }
  | { kind: 'list'; isOrdered: boolean; items: Piece[][] }
  | { kind: 'code'; language: string; text: string };

const FENCE = /^\s*(?:```|~~~)\s*(\S*)/;
const HEADING = /^(#{1,6})\s+(.*?)\s*#*$/;
const ITEM = /^\s*(?:[-*+]|(\d+)[.)])\s+(.*)$/;

/** Reads a text. What is not understood is a paragraph. */
export function blocks(text: string): Block[] {
  const lines = text.replaceAll('\r\n', '\n').split('\n');
  const found: Block[] = [];
  let paragraph: string[] = [];
  const end = (): void => {
    if (paragraph.length > 0) found.push({ kind: 'paragraph', pieces: pieces(paragraph.join('\n')) });
    paragraph = [];
  };
  for (let at = 0; at < lines.length; at++) {
    const line = lines[at] ?? '';
    const fence = FENCE.exec(line);
    const heading = HEADING.exec(line);
    const item = ITEM.exec(line);
    if (fence) {
      end();
      const code: string[] = [];
      for (at += 1; at < lines.length && !FENCE.test(lines[at] ?? ''); at++) code.push(lines[at] ?? '');
      found.push({ kind: 'code', language: fence[1] ?? '', text: code.join('\n') });
    } else if (heading) {
      end();
      found.push({ kind: 'heading', level: heading[1]?.length ?? 1, pieces: pieces(heading[2] ?? '') });
    } else if (item) {
      end();
      const isOrdered = item[1] !== undefined;
      const last = found.at(-1);
      const own = pieces(item[2] ?? '');
      if (last?.kind === 'list' && last.isOrdered === isOrdered && ITEM.test(lines[at - 1] ?? ''))
        last.items.push(own);
      else found.push({ kind: 'list', isOrdered, items: [own] });
    } else if (line.trim() === '') end();
    else paragraph.push(line.trim());
  }
  end();
  return found;
}

/** Code, strong and emphasised text, links, and addresses that stand alone. */
const INLINE =
  /`([^`]+)`|\*\*([^*]+)\*\*|\*([^*\s][^*]*)\*|\[([^\]]+)\]\(([^)\s]+)\)|(https?:\/\/[^\s<>)]+)/g;

export function pieces(text: string): Piece[] {
  const found: Piece[] = [];
  let from = 0;
  for (const match of text.matchAll(INLINE)) {
    const [whole, code, strong, emphasis, name, target, bare] = match;
    if (match.index > from) found.push({ kind: 'text', text: text.slice(from, match.index) });
    from = match.index + whole.length;
    if (code !== undefined) found.push({ kind: 'code', text: code });
    else if (strong !== undefined) found.push({ kind: 'strong', text: strong });
    else if (emphasis !== undefined) found.push({ kind: 'emphasis', text: emphasis });
    else found.push(link(name ?? bare ?? '', target ?? bare ?? '', whole));
  }
  if (from < text.length) found.push({ kind: 'text', text: text.slice(from) });
  return found;
}

/** A link to a web page. Other addresses, such as `javascript:`, stay text. */
function link(text: string, address: string, whole: string): Piece {
  return /^https?:\/\//i.test(address) ? { kind: 'link', text, address } : { kind: 'text', text: whole };
}
