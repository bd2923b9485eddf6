/** The context of one run: accounting, lifecycle, clients and stages. Every message refers to it. */

import type { Shard } from "../shard/shard.js";
import type { Json } from "../util/json/json-values.js";
import { Accounting } from "./accounting.js";
import type { BudgetOptions } from "./budget.js";
import { Clients } from "./clients.js";
import { Lifecycle, type LifecycleOptions } from "./lifecycle.js";
import { Stages } from "./stages.js";

/** The state of an input in the target of a sink, before the sink changes it. */
export interface StateBefore {
  sink: string;
  /** Identity of the target. */
  target: string;
  state: Json;
}

/** Records states before they change, so that the run can be undone. */
export interface StateLog {
  /** Folder for files that are about to be deleted; undefined if files are not kept. */
  readonly mediaFolder: string | undefined;
  /** Resolves when the states are on disk. @throws {SinkError} ERR_UNDO_UNWRITABLE */
  record(states: readonly StateBefore[]): Promise<void>;
}

/** Options of a run context. */
export interface RunContextOptions extends Partial<BudgetOptions>, LifecycleOptions {
  dryRun?: boolean | undefined;
  readsOnly?: boolean | undefined;
}

/** The run of each list of stages, for a stage that no message reaches. */
const contexts = new WeakMap<Stages, RunContext>();

/** Returns the run that stages belong to. */
export function contextOf(stages: Stages): RunContext | undefined {
  return contexts.get(stages);
}

/** The context that all stages of one run share. */
export class RunContext {
  readonly accounting: Accounting;
  readonly lifecycle: Lifecycle;
  readonly clients = new Clients();
  readonly stages = new Stages();
  /** The share of the sources that the run reads; undefined if it reads them as a whole. Set when the flow is composed. */
  shard: Shard | undefined;
  /** Records what sinks are about to change; undefined in a run without `undo`. */
  undo: StateLog | undefined;
  /** Whether it is a plan or a preview, in which sinks neither send nor write. */
  readonly dryRun: boolean;
  /** Whether inputs are only shown: sources then acknowledge no outcome and do not wait for new inputs. */
  readonly readsOnly: boolean;

  constructor(options: RunContextOptions = {}) {
    this.accounting = new Accounting(options);
    this.lifecycle = new Lifecycle(options);
    this.dryRun = options.dryRun ?? false;
    this.readsOnly = options.readsOnly ?? this.dryRun;
    contexts.set(this.stages, this);
  }

  /** Whether nothing is in flight, and all sources that have not ended wait for new items. */
  get isIdle(): boolean {
    return this.accounting.ledger.counts.inFlight === 0 && this.lifecycle.areSourcesIdle;
  }

  /** Resolves when sources and sinks are closed and every outcome is acknowledged. Functions of `atEnd` are called last. */
  async closed(withinMs?: number): Promise<void> {
    await this.lifecycle.stagesClosed(withinMs);
    await this.accounting.closed();
    this.clients.close();
    await this.lifecycle.ended();
  }
}
