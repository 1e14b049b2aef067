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
  const { maxFeePerGas, maxPriorityFeePerGas } = fees;
  return hexToBytes(
    serializeTransaction({
      type: 'eip1559',
      chainId,
      nonce,
      gas: 21_000n,
      maxFeePerGas,
      maxPriorityFeePerGas,
      to: payment.to,
      value: payment.value,
    }),
  );
}
