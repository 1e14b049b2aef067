/** Something that a station sees, as a plain value: this simulator knows nothing of the daemon. Times are ms since the start. */
export type TrafficEvent =
  | {
      readonly kind: 'withdrawal';
      readonly at: number;
      readonly account: string;
      /** CAIP-10. */
      readonly destination: string;
      /** CAIP-19. */
      readonly asset: string;
      /** Base units. */
      readonly amount: bigint;
      readonly wallet: string;
      /** The account never withdrew before. */
      readonly first: boolean;
      /** Of the thief. */
      readonly theft: boolean;
    }
  | {
      readonly kind: 'refusal';
      readonly at: number;
      readonly account: string;
      readonly client: string;
      /** The station's reason, such as `attestation-missing`. */
      readonly reason: string;
    }
  | { readonly kind: 'device-refusal'; readonly at: number; readonly wallet: string };

export const chain = 'eip155:1';
export const ether = `${chain}/slip44:60`;
export const dollars = `${chain}/erc20:0xA0b86991c6218b36c1d19D4a2e9Eb0cE3606eB48`;
export const bitcoin = 'bip122:000000000019d6689c085ae165831e93/slip44:0';

/** The nth address of a kind: made up. */
export function addressOf(kind: number, n: number): string {
  return `${chain}:0x${(BigInt(kind) * 10n ** 12n + BigInt(n)).toString(16).padStart(40, '0')}`;
}
