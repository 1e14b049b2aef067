import type { View } from './view.ts';

/** Where a kind of device puts what it draws: the device's own side of the user interface. */
export interface Stage {
  /** Shows a view in place of the one before; with `away`, that happens after its time. */
  show(view: View, away?: { readonly ms: number; readonly then: () => void }): void;
  /** A person is being asked, and this would refuse. */
  asked(refuse: () => void): void;
  /** Ends the app: back to the dashboard. */
  quit(): void;
}
