// The theme: light, dark, or what the system says. `public/theme.js` sets it before the first paint.

export type Theme = 'light' | 'dark' | 'system';

const KEY = 'theme';
const system = matchMedia('(prefers-color-scheme: dark)');

class Themes {
  chosen = $state<Theme>(read());

  constructor() {
    system.addEventListener('change', () => this.apply());
  }

  choose(theme: Theme): void {
    this.chosen = theme;
    if (theme === 'system') localStorage.removeItem(KEY);
    else localStorage.setItem(KEY, theme);
    this.apply();
  }

  private apply(): void {
    const isDark = this.chosen === 'dark' || (this.chosen === 'system' && system.matches);
    document.documentElement.dataset['theme'] = isDark ? 'dark' : 'light';
    redraw.count += 1;
  }
}

/** Counts changes of the colours. What is drawn on a canvas reads the count, and is drawn again. */
export const redraw = $state({ count: 0 });
export const theme = new Themes();

function read(): Theme {
  const kept = localStorage.getItem(KEY);
  return kept === 'dark' || kept === 'light' ? kept : 'system';
}
