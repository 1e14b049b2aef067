import { type Panel, panels } from './touch/panel.ts';

/** A kind of device: what it says of itself on its dashboard, and its screen, in pixels. */
interface Kind {
  readonly name: string;
  /** The system's version. */
  readonly os: string;
  readonly mcu: string;
  /** Ledger's number of the kind of hardware. */
  readonly target: number;
  readonly width: number;
  readonly height: number;
  /** How a touch screen is divided; a Nano has none, but two buttons. */
  readonly panel?: Panel;
}

export type Model = 'nanosp' | 'nanox' | 'stax' | 'flex';

/** The devices that can be emulated. */
export const models: Readonly<Record<Model, Kind>> = {
  nanosp: { name: 'Nano S Plus', os: '1.1.1', mcu: '4.03', target: 0x33100004, width: 128, height: 64 },
  nanox: { name: 'Nano X', os: '2.2.3', mcu: '2.30', target: 0x33000004, width: 128, height: 64 },
  stax: { name: 'Stax', os: '1.7.1', mcu: '5.26.2', target: 0x33200004, width: 400, height: 672, panel: panels.stax },
  flex: { name: 'Flex', os: '1.3.1', mcu: '6.22.2', target: 0x33300004, width: 480, height: 600, panel: panels.flex },
};

/** Throws where the word names no device that this emulator knows. */
export function parseModel(word: string): Model {
  const isModel = (known: string): known is Model => Object.hasOwn(models, known);
  if (isModel(word)) return word;
  throw new Error(`--model ${word}: not emulated; use one of ${Object.keys(models).join(', ')}`);
}

/** The flags of a device that is set up and unlocked by its PIN; no app store is connected. */
const flags = [0xe6, 0, 0, 0];

/**
 * What E0 01 answers on the dashboard: target id, version of the system, flags, versions of microcontroller and its boot
 * loader, of the hardware on a Nano X alone, language and recovery state, each but the first after its length.
 */
export function versionOf(model: Model): Uint8Array {
  const { target, os, mcu } = models[model];
  const number = [target >>> 24, target >>> 16, target >>> 8, target].map((part) => part & 0xff);
  const parts = [ascii(os), flags, ascii(mcu), ascii(mcu), ...(model === 'nanox' ? [[0]] : []), [0], [0]];
  return Uint8Array.from([...number, ...parts.flatMap((part) => [part.length, ...part])]);
}

export const ascii = (text: string): Uint8Array => new TextEncoder().encode(text);
