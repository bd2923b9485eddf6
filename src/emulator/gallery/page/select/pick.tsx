/** The checkbox of a tile. The tile itself has the role and the state, since the grid is one tab stop. */

export function Pick({ isPicked }: { isPicked: boolean }) {
  return (
    <span class="pick" aria-hidden="true" title={isPicked ? "Leave out" : "Select"}>
      <span>{isPicked && "✓"}</span>
    </span>
  );
}
