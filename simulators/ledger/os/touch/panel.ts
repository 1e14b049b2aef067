/** How a touch screen is divided, in pixels. Source: the layout constants in Ledger's published SDK, and ragger's touch points. */
export interface Panel {
  readonly width: number;
  readonly height: number;
  /** Free on the left and on the right. */
  readonly margin: number;
  /** Free above the pairs of a review. */
  readonly top: number;
  readonly header: number;
  readonly footer: number;
  /** A black button, or “Hold to sign”: above the footer. */
  readonly action: number;
  /** Least height of a line of a list. */
  readonly bar: number;
  readonly small: Size;
  readonly large: Size;
  /** Between two pairs. */
  readonly gap: number;
  /** Lines of a value before it is cut, and “More” shows the rest. */
  readonly valueLines: number;
  /** Where “back” ends and “next” begins in a review's footer. */
  readonly back: readonly [from: number, to: number];
}

/** A size of letters and the height of its lines. */
export interface Size {
  readonly em: 24 | 28 | 32 | 36;
  readonly line: number;
}

export const panels = {
  stax: {
    width: 400,
    height: 672,
    margin: 24,
    top: 32,
    header: 88,
    footer: 92,
    action: 128,
    bar: 96,
    small: { em: 24, line: 32 },
    large: { em: 32, line: 40 },
    gap: 12,
    valueLines: 10,
    back: [160, 296],
  },
  flex: {
    width: 480,
    height: 600,
    margin: 32,
    top: 40,
    header: 96,
    footer: 96,
    action: 152,
    bar: 92,
    small: { em: 28, line: 36 },
    large: { em: 36, line: 44 },
    gap: 24,
    valueLines: 9,
    back: [200, 376],
  },
} as const satisfies Record<string, Panel>;
