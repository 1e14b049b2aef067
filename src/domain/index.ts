// The room's public face: the words of the design, as types.
export * from './amount.ts';
export * from './caip.ts';
export * from './canonical.ts';
export * from './clock.ts';
export * from './digest.ts';
export * from './effects.ts';
export * from './evidence.ts';
export * from './ids.ts';
export * from './intent.ts';
export * from './label.ts';
export * from './networks.ts';
export * from './reasons.ts';
export * from './records.ts';
export * from './refusal.ts';
export * from './ripening.ts';
export * from './time.ts';
export * from './wallet.ts';
