import { createPublicClient, type Hex, hexToBytes, http, serializeTransaction } from 'viem';

/** A real EIP-1559 transfer of Ether, fees and nonce asked of a node. Unsigned: the withdrawal service has no key. */
export async function buildTransfer(
  nodeUrl: string,
  from: Hex,
  payment: { readonly to: Hex; readonly value: bigint },
): Promise<Uint8Array> {
  const node = createPublicClient({ transport: http(nodeUrl) });
  const [chainId, nonce, fees] = await Promise.all([
    node.getChainId(),
    node.getTransactionCount({ address: from }),
    node.estimateFeesPerGas(),
  ]);
  return transferBytes({ chainId, nonce, ...fees, ...payment });
}

/** Wei throughout. */
export interface Transfer {
  readonly chainId: number;
  readonly nonce: number;
  readonly maxFeePerGas: bigint;
  readonly maxPriorityFeePerGas: bigint;
  readonly to: Hex;
  readonly value: bigint;
}

/** The unsigned serialization of an EIP-1559 transfer. */
export function transferBytes({ chainId, nonce, maxFeePerGas, maxPriorityFeePerGas, to, value }: Transfer): Uint8Array {
  const fees = { maxFeePerGas, maxPriorityFeePerGas };
  return hexToBytes(serializeTransaction({ type: 'eip1559', chainId, nonce, gas: 21_000n, ...fees, to, value }));
}
