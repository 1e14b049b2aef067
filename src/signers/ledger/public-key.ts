/** Compresses a secp256k1 key (SEC 1 §2.3.3): `04 ‖ x ‖ y`, 65 bytes of hex, to `02` or `03` by y's parity and x. */
export function compressed(publicKey: string): string {
  const odd = Number.parseInt(publicKey.slice(-1), 16) % 2 === 1;
  return `${odd ? '03' : '02'}${publicKey.slice(2, 66)}`;
}
