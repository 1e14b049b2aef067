import { StatusError, status } from '../../os/status.ts';

/** A member of an EIP-712 struct, as the host describes it to the device. */
export interface Member {
  readonly name: string;
  readonly base: Base;
  /** From the inside out; undefined is an array of any length. */
  readonly arrays: readonly (number | undefined)[];
}

export type Base =
  | { readonly kind: 'struct'; readonly name: string }
  | { readonly kind: 'int' | 'uint' | 'bytes-fixed'; readonly size: number }
  | { readonly kind: 'address' | 'bool' | 'string' | 'bytes' };

const kinds = ['struct', 'int', 'uint', 'address', 'bool', 'string', 'bytes-fixed', 'bytes'] as const;

/**
 * INS 1A, P2 FF: descriptor (array 80, sized 40, kind 0f) [‖ len ‖ struct] [‖ size] [‖ levels ‖ level…] ‖ len ‖ name.
 * A level is 00, or 01 ‖ its length.
 */
export function parseMember(data: Uint8Array): Member {
  const reader = new Reader(data);
  const descriptor = reader.byte();
  const kind = kinds[descriptor & 0x0f];
  const struct = kind === 'struct' ? reader.text() : '';
  const size = (descriptor & 0x40) === 0 ? 32 : reader.byte();
  const levels = (descriptor & 0x80) === 0 ? 0 : reader.byte();
  const arrays = Array.from({ length: levels }, () => (reader.byte() === 0 ? undefined : reader.byte()));
  const name = reader.text();
  switch (kind) {
    case undefined:
      throw new StatusError(status.incorrectData, `a member of unknown kind ${descriptor & 0x0f}`);
    case 'struct':
      return { name, arrays, base: { kind, name: struct } };
    case 'int':
    case 'uint':
    case 'bytes-fixed':
      if (size === 0 || size > 32) throw new StatusError(status.incorrectData, `a member of ${size} bytes`);
      return { name, arrays, base: { kind, size } };
    default:
      return { name, arrays, base: { kind } };
  }
}

/** As EIP-712's encodeType writes it. */
export function typeName({ base, arrays }: Member): string {
  return baseName(base) + arrays.map((length) => (length === undefined ? '[]' : `[${length}]`)).join('');
}

function baseName(base: Base): string {
  switch (base.kind) {
    case 'struct':
      return base.name;
    case 'int':
    case 'uint':
      return `${base.kind}${base.size * 8}`;
    case 'bytes-fixed':
      return `bytes${base.size}`;
    default:
      return base.kind;
  }
}

class Reader {
  readonly #data: Uint8Array;
  #at = 0;

  constructor(data: Uint8Array) {
    this.#data = data;
  }

  byte(): number {
    const byte = this.#data[this.#at++];
    if (byte === undefined) throw new StatusError(status.incorrectData, 'a member’s description is too short');
    return byte;
  }

  text(): string {
    const length = this.byte();
    const end = this.#at + length;
    if (end > this.#data.length) throw new StatusError(status.incorrectData, 'a member’s name is too short');
    const text = new TextDecoder().decode(this.#data.subarray(this.#at, end));
    this.#at = end;
    return text;
  }
}
