/** Two ways out of a question, of which a person takes one, once: a second press or a late finger does nothing more. */
export function decision(onYes: () => void, onNo: () => void): { readonly yes: () => void; readonly no: () => void } {
  let taken = false;
  const once = (way: () => void) => () => {
    if (taken) return;
    taken = true;
    way();
  };
  return { yes: once(onYes), no: once(onNo) };
}
