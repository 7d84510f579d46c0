// The version of the package that this file is part of.

import { readFileSync } from 'node:fs';

export function version(): string {
  for (let folder = new URL('.', import.meta.url); ; folder = new URL('..', folder)) {
    try {
      const manifest = JSON.parse(readFileSync(new URL('package.json', folder), 'utf8')) as Record<string, string>;
      if (manifest['name'] === 'busline') return manifest['version'] ?? '';
    } catch {
      // Further up.
    }
    if (folder.pathname === '/') return 'unknown';
  }
}
