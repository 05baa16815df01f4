<?php

/**
 * Which shared memory a name has for this caller: asked for once, and again when its epoch changed.
 */

declare(strict_types=1);

namespace Workerset;

part('slot');
part('channel');

/** What the controller said about a name, for as long as the epoch of its slot stays. */
final class Instance
{
    /** @var array<string, self> */
    private static array $known = [];
    private static int $pid = 0;

    public bool $ensured = false;
    /** The generation of the decoded snapshot; 0 is none. */
    public int $generation = 0;
    public array $vars = [];
    /** The request that this snapshot was read in (S6.6). */
    public float $request = 0.0;

    private function __construct(
        public readonly Slot $slot,
        public readonly int $epoch,
        public readonly string $gate,
    ) {
    }

    /** What is known of a name, unless it may have changed. */
    public static function known(string $name): ?self
    {
        if (self::$pid !== getmypid()) {
            self::$known = [];  // a file's position is shared across a fork
            self::$pid = getmypid();
        }
        return self::$known[self::key($name)] ?? null;
    }

    /** Remember what a reply says about a name that has shared memory. */
    public static function learn(string $name, array $said): self
    {
        $before = self::known($name);
        $slot = new Slot($said['vars']);
        $epoch = (int) ($said['epoch'] ?? $slot->words()->epoch);
        $instance = new self($slot, $epoch, (string) ($said['gate'] ?? ''));
        $instance->ensured = $before !== null && $before->ensured;
        return self::$known[self::key($name)] = $instance;
    }

    private static function key(string $name): string
    {
        return setting('scope') . "\0" . $name;
    }
}

/** The scope of this caller as a field of a request: none at all is the token's own (S2.4). */
function scope_field(): ?string
{
    $scope = setting('scope');
    return $scope === '' ? null : $scope;
}

/** What every name must be. Raises ValueError. */
function check_name(string $name, string $what): void
{
    if ($name === '') {
        throw new \ValueError("$what must not be empty");
    }
    if (str_contains($name, "\0")) {
        throw new \ValueError("$what must not contain NUL bytes");
    }
}
