import type { StationName } from './ids.ts';

/** A station's name is `<id>/<generation>`: a restore raises the generation, so that what named the former one counts no more. */
export function generationOf(name: StationName): number {
  return Number(name.slice(name.indexOf('/') + 1));
}

export function idOf(name: StationName): string {
  return name.slice(0, name.indexOf('/'));
}

/** The same station, restored once more. */
export function nextGeneration(name: StationName): StationName {
  return `${idOf(name)}/${generationOf(name) + 1}` as StationName;
}

/** Whether a name is of the same station, before it was restored. */
export function isFormer(named: StationName, present: StationName): boolean {
  return idOf(named) === idOf(present) && generationOf(named) < generationOf(present);
}
