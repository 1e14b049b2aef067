import { type Branded, Malformed, shown } from '../../domain/index.ts';

/** A BIP-32 path of BIP-44's form for Ethereum, `m/44'/60'/0'/0/0`. */
export type EthereumPath = Branded<string, 'EthereumPath'>;

const form = /^m\/44'\/60'\/(0|[1-9][0-9]{0,9})'\/(0|[1-9][0-9]{0,9})\/(0|[1-9][0-9]{0,9})$/;
const unhardenedEnd = 2 ** 31;

/**
 * Strict, because hw-app-eth is not: its `splitPath` drops what it can't read and takes `44h` for an unhardened 44, so that a
 * slip would ask another key.
 */
export function parseEthereumPath(value: string, field: string): EthereumPath {
  const parts = form.exec(value)?.slice(1);
  if (parts?.every((part) => Number(part) < unhardenedEnd) !== true) {
    throw new Malformed(field, `expected a path such as m/44'/60'/0'/0/0, got ${shown(value)}`);
  }
  return value as EthereumPath;
}
