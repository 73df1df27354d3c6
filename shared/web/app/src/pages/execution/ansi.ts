// Colours in the output of programs (SGR, `ESC [ … m`) as pieces of text with classes. Other sequences are left out.

export interface Piece {
  text: string;
  /** Names of classes with spaces between them: `bold`, `ansi-1`. Empty for plain text. */
  classes: string;
}

const SEQUENCE = /\u001b\[([0-9;:?]*)([A-Za-z])/g;

/** Cuts a text into pieces. */
export function pieces(text: string): Piece[] {
  if (!text.includes('\u001b')) return [{ text, classes: '' }];
  const found: Piece[] = [];
  let [isBold, colour] = [false, ''];
  let from = 0;
  const add = (to: number) => {
    const classes = [isBold ? 'bold' : '', colour].filter((name) => name !== '').join(' ');
    if (to > from) found.push({ text: text.slice(from, to), classes });
  };
  for (const match of text.matchAll(SEQUENCE)) {
    add(match.index);
    from = match.index + match[0].length;
    if (match[2] !== 'm') continue;
    const codes = (match[1] || '0').split(/[;:]/).map(Number);
    for (let at = 0; at < codes.length; at += 1) {
      const code = codes[at] ?? 0;
      if (code === 0) [isBold, colour] = [false, ''];
      else if (code === 1) isBold = true;
      else if (code === 22) isBold = false;
      else if (code === 39) colour = '';
      else if (code >= 30 && code <= 37) colour = `ansi-${code - 30}`;
      else if (code >= 90 && code <= 97) colour = `ansi-${code - 90}`;
      // 256 colours and RGB have arguments, which are no codes themselves.
      else if (code === 38 || code === 48) at += codes[at + 1] === 2 ? 4 : 2;
    }
  }
  add(text.length);
  return found;
}

/** The text without sequences. */
export function plain(text: string): string {
  return text.includes('\u001b') ? text.replace(SEQUENCE, '') : text;
}
