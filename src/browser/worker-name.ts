// A worker's name says which bus it hosts, and which generation of its host it is: another name is another worker, so a hung
// one is left behind by raising the number.

const prefix = 'busline';

export function workerName(bus: string, generation: number): string {
  return `${prefix}/${generation}/${bus}`;
}

/** A name of another form is a user's own: the default bus, first generation. */
export function parseWorkerName(name: string): { readonly bus: string; readonly generation: number } {
  const [, generation, bus] = /^busline\/(\d+)\/(.+)$/s.exec(name) ?? [];
  return { bus: bus ?? prefix, generation: Number(generation ?? 0) };
}
