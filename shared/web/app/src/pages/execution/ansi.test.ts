import { describe, expect, it } from 'vitest';
import { pieces, plain } from './ansi';

describe('colours in logs', () => {
  it('become pieces, and other sequences disappear', () => {
    const text = 'a\u001b[1;31mred\u001b[0m b\u001b[2K\u001b[38;5;196mx\u001b[92mgreen\u001b[39m<script>';
    expect(pieces(text)).toEqual([
      { text: 'a', classes: '' },
      { text: 'red', classes: 'bold ansi-1' },
      { text: ' b', classes: '' },
      { text: 'x', classes: '' },
      { text: 'green', classes: 'ansi-2' },
      { text: '<script>', classes: '' },
    ]);
    expect(plain(text)).toBe('ared bxgreen<script>');
  });

  it('leave plain text alone', () => {
    expect(pieces('<b>[31m')).toEqual([{ text: '<b>[31m', classes: '' }]);
    expect(pieces('')).toEqual([{ text: '', classes: '' }]);
  });
});
