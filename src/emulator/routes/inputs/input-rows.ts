/** Rows of inputs, as several routes read and change them. */

import type { Fields, InputRow } from "../../store/model.js";
import { timestamp } from "../../store/store.js";
import { doesNotExist } from "../../wire/refusals.js";
import type { Call } from "../context.js";

/** Returns the row of an input. @throws {Refusal} 11101 */
export function inputOf({ services, app }: Call, id: string): InputRow {
  const row = services.store.input(app.seq, id);
  if (!row) throw doesNotExist(`the input "${id}" does not exist`);
  return row;
}

/** Replaces concepts, metadata and location of an input. */
export function setFields({ services }: Pick<Call, "services">, row: InputRow, fields: Fields): void {
  const sql = "UPDATE inputs SET fields = ?, modified_at = ? WHERE seq = ?";
  services.store.run(sql, JSON.stringify(fields), timestamp(), row.seq);
}
