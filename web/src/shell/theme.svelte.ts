/** Light or dark: what the system says, until somebody chooses. */

export type Theme = 'system' | 'light' | 'dark';
const KEPT = 'aetherist.theme';

class ThemeChoice {
  choice = $state<Theme>((localStorage.getItem(KEPT) as Theme | null) ?? 'system');
  #system = matchMedia('(prefers-color-scheme: dark)');
  #systemDark = $state(this.#system.matches);

  constructor() {
    this.#system.addEventListener('change', ({ matches }) => (this.#systemDark = matches));
  }

  get dark(): boolean {
    return this.choice === 'dark' || (this.choice === 'system' && this.#systemDark);
  }

  choose(theme: Theme): void {
    this.choice = theme;
    localStorage.setItem(KEPT, theme);
    this.apply();
  }

  apply(): void {
    if (this.choice === 'system') delete document.documentElement.dataset.theme;
    else document.documentElement.dataset.theme = this.choice;
  }
}

export const theme = new ThemeChoice();
