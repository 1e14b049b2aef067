// What of Node's Buffer the verifier of receipts uses, for a browser. Decoding is as lenient as Node's: whoever needs one spelling encodes again and compares.

const text = new TextEncoder();

class Bytes extends Uint8Array {
  override toString(encoding = 'utf8'): string {
    switch (encoding) {
      case 'hex':
        return Array.from(this, (byte) => byte.toString(16).padStart(2, '0')).join('');
      case 'latin1':
      case 'binary':
        return latin1(this);
      case 'base64':
        return btoa(latin1(this));
      case 'base64url':
        return btoa(latin1(this)).replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', '');
      case 'utf8':
        return new TextDecoder().decode(this);
      default:
        throw new TypeError(`no encoding ${encoding}`);
    }
  }

  equals(other: Uint8Array): boolean {
    return compare(this, other) === 0;
  }

  writeUInt32BE(value: number, offset = 0): number {
    new DataView(this.buffer, this.byteOffset).setUint32(offset, value);
    return offset + 4;
  }
}

function latin1(bytes: Uint8Array): string {
  const parts: string[] = [];
  for (let i = 0; i < bytes.length; i += 8_192) parts.push(String.fromCharCode(...bytes.subarray(i, i + 8_192)));
  return parts.join('');
}

function decoded(value: string, encoding: string): Uint8Array {
  switch (encoding) {
    case 'utf8':
      return text.encode(value);
    case 'latin1':
    case 'binary':
      return Uint8Array.from(value, (character) => character.charCodeAt(0));
    case 'hex': {
      const [pairs = ''] = /^(?:[0-9a-fA-F]{2})*/.exec(value) ?? [];
      return Uint8Array.from(pairs.match(/../g) ?? [], (pair) => Number.parseInt(pair, 16));
    }
    case 'base64':
    case 'base64url': {
      const [body = ''] = value.split('=');
      const digits = body
        .replaceAll('-', '+')
        .replaceAll('_', '/')
        .replaceAll(/[^A-Za-z0-9+/]/g, '');
      // Six bits that are left alone make no byte.
      const whole = digits.length % 4 === 1 ? digits.slice(0, -1) : digits;
      return Uint8Array.from(atob(whole), (character) => character.charCodeAt(0));
    }
    default:
      throw new TypeError(`no encoding ${encoding}`);
  }
}

export function bytesOf(value: string | Uint8Array, encoding = 'utf8'): Bytes {
  return new Bytes(typeof value === 'string' ? decoded(value, encoding) : value);
}

function compare(a: Uint8Array, b: Uint8Array): number {
  const least = Math.min(a.length, b.length);
  for (let i = 0; i < least; i++) {
    const difference = (a[i] ?? 0) - (b[i] ?? 0);
    if (difference !== 0) return Math.sign(difference);
  }
  return Math.sign(a.length - b.length);
}

function from(
  value: string | ArrayBuffer | ArrayLike<number> | Iterable<number>,
  encodingOrOffset?: string | number,
  length?: number,
): Bytes {
  if (typeof value === 'string') return bytesOf(value, String(encodingOrOffset ?? 'utf8'));
  if (value instanceof ArrayBuffer) return new Bytes(value, Number(encodingOrOffset ?? 0), length);
  return new Bytes(value as Iterable<number>);
}

function concat(parts: readonly Uint8Array[]): Bytes {
  const whole = new Bytes(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

const alloc = (length: number): Bytes => new Bytes(length);

export const buffer = { from, concat, compare, alloc, allocUnsafe: alloc } as const;
