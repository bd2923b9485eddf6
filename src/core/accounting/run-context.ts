/** One run: its accounting, its lifecycle, its clients and its stages. Every message carries it. */

import { Accounting } from "./accounting.js";
import type { BudgetOptions } from "./budget.js";
import { Clients } from "./clients.js";
import { Lifecycle, type LifecycleOptions } from "./lifecycle.js";
import { Stages } from "./stages.js";

export interface RunContextOptions extends Partial<BudgetOptions>, LifecycleOptions {
  dryRun?: boolean | undefined;
  readsOnly?: boolean | undefined;
}

/** What all stages of one run share. */
export class RunContext {
  readonly accounting: Accounting;
  readonly lifecycle: Lifecycle;
  readonly clients = new Clients();
  readonly stages = new Stages();
  /** Whether it is a plan or a preview: sinks find out what they would do, and neither send nor write. */
  readonly dryRun: boolean;
  /** Whether inputs are only looked at: sources acknowledge nothing, and wait for nothing. */
  readonly readsOnly: boolean;

  constructor(options: RunContextOptions = {}) {
    this.accounting = new Accounting(options);
    this.lifecycle = new Lifecycle(options);
    this.dryRun = options.dryRun ?? false;
    this.readsOnly = options.readsOnly ?? this.dryRun;
  }

  /** Whether nothing is in flight, and all sources that have not ended wait for new items. */
  get isIdle(): boolean {
    return this.accounting.ledger.counts.inFlight === 0 && this.lifecycle.areSourcesIdle;
  }

  /** Resolves when sources and sinks have closed and every outcome is acknowledged; sources are released last. */
  async closed(withinMs?: number): Promise<void> {
    await this.lifecycle.stagesClosed(withinMs);
    await this.accounting.closed();
    this.clients.close();
    await this.lifecycle.ended();
  }
}
