// How replicas wait for each other: a command that wakes them, and a barrier. Both spin before they sleep, because a
// sleeper takes some 40 µs to wake. Builds for one thread hold none of this: there the functions are empty.
//   control // i32, each on a cache line of its own:
//     0 command: number, then what to do      64 arrived at the barrier      128 barriers passed
//     192 failed (1) or not (0)               256 sleepers                   320 seconds without progress that are death
//   sync    // i32 [5], one a replica: control, index, replicas, calls done, commands seen
// The thread that starts a run is replica 0.

const COMMAND = 0;
const ARRIVED = 64;
const PASSED = 128;
const FAILED = 192;
const SLEEPERS = 256;
const PATIENCE = 320;

const CONTROL = 0;
const INDEX = 4;
const REPLICAS = 8;
const PROGRESS = 12;
const SEEN = 16;
/** Bytes from one replica's sync to the next. */
const SYNC_STRIDE = 64;

/** Looks before going to sleep: some 50 µs. */
const SPINS = 20000;
/** A sleeper wakes up once a second to see whether the others still move: nanoseconds. */
const SECOND: i64 = 1000000000;
const TIMED_OUT = 2;

/** Marks the team as failed, and wakes all who wait: they trap. */
export function fail(control: usize): void {
  if (ASC_FEATURE_THREADS) {
    atomic.store<i32>(control + FAILED, 1);
    atomic.notify(control + COMMAND);
    atomic.notify(control + PASSED);
  }
}

/** Calls done by all replicas. */
// @ts-ignore: decorator
@inline
function progress(sync: usize): i32 {
  const first = sync - <usize>load<i32>(sync, INDEX) * SYNC_STRIDE;
  const replicas = load<i32>(sync, REPLICAS);
  let sum = 0;
  for (let r = 0; r < replicas; ++r) sum += atomic.load<i32>(first + <usize>r * SYNC_STRIDE + PROGRESS);
  return sum;
}

/**
 * Returns when the word at `place` is not `value` any more. Traps when the team has failed; and, where `counts`, when
 * nobody has moved for as long as patience allows.
 */
// @ts-ignore: decorator
@inline
function awaitChange(place: usize, value: i32, sync: usize, counts: bool): void {
  for (let i = 0; i < SPINS; ++i) if (atomic.load<i32>(place) != value) return;
  const control = <usize>load<u32>(sync, CONTROL);
  let moved = counts ? progress(sync) : 0;
  let quiet = 0;
  while (atomic.load<i32>(place) == value) {
    if (atomic.load<i32>(control + FAILED) != 0) unreachable();
    atomic.add<i32>(control + SLEEPERS, 1);
    const result = <i32>atomic.wait<i32>(place, value, SECOND);
    atomic.sub<i32>(control + SLEEPERS, 1);
    if (!counts || result != TIMED_OUT) continue;
    const now = progress(sync);
    quiet = now == moved ? quiet + 1 : 0;
    moved = now;
    if (quiet < load<i32>(control + PATIENCE)) continue;
    fail(control);
    unreachable();
  }
}

/** Wakes who sleeps until the word at `place` changes. */
// @ts-ignore: decorator
@inline
function wake(control: usize, place: usize): void {
  if (atomic.load<i32>(control + SLEEPERS) > 0) atomic.notify(place);
}

/** Gives all other replicas a command. */
export function command(sync: usize, what: i32): void {
  if (ASC_FEATURE_THREADS) {
    const control = <usize>load<u32>(sync, CONTROL);
    atomic.store<i32>(control + COMMAND + 4, what);
    atomic.add<i32>(control + COMMAND, 1);
    wake(control, control + COMMAND);
  }
}

/** Waits for the next command. */
export function nextCommand(sync: usize): i32 {
  if (ASC_FEATURE_THREADS) {
    const control = <usize>load<u32>(sync, CONTROL);
    const seen = load<i32>(sync, SEEN);
    awaitChange(control + COMMAND, seen, sync, false);
    store<i32>(sync, seen + 1, SEEN);
    return atomic.load<i32>(control + COMMAND + 4);
  }
  return 0;
}

/** Returns when all replicas have come here. What they wrote before, all can read after. */
export function barrier(sync: usize): void {
  if (ASC_FEATURE_THREADS) {
    const control = <usize>load<u32>(sync, CONTROL);
    const passed = atomic.load<i32>(control + PASSED);
    if (atomic.add<i32>(control + ARRIVED, 1) + 1 < load<i32>(sync, REPLICAS)) {
      awaitChange(control + PASSED, passed, sync, load<i32>(sync, INDEX) == 0);
      return;
    }
    atomic.store<i32>(control + ARRIVED, 0);
    atomic.add<i32>(control + PASSED, 1);
    wake(control, control + PASSED);
  }
}
