// The project's own documents, as they are when the demo is built.

export interface Document {
  /** Its path in the project. */
  readonly path: string;
  readonly text: string;
}

const files = import.meta.glob<string>(['../../../README.md', '../../../docs/*.md', '../README.md'], {
  query: '?raw',
  import: 'default',
  eager: true,
});

function pathOf(key: string): string {
  return key.startsWith('../../../') ? key.slice('../../../'.length) : key.replace('..', 'demo/chat');
}

export const documents: readonly Document[] = Object.entries(files).map(([key, text]) => ({ path: pathOf(key), text }));
