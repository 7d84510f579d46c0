// Light, dark, or as the system says. Style sheets follow `color-scheme`; this sets it where a person chose.

import { Preference } from './preferences.ts';

export const themes = ['auto', 'light', 'dark'] as const;
export type Theme = (typeof themes)[number];

export function createTheme(): Preference<Theme> {
  const theme = new Preference<Theme>(
    'theme',
    () => 'auto',
    (value): value is Theme => (themes as readonly string[]).includes(value),
  );
  const apply = (): void => {
    document.documentElement.dataset['theme'] = theme.getSnapshot();
  };
  theme.subscribe(apply);
  apply();
  return theme;
}
