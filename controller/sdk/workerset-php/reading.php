<?php

/**
 * Reading what a worker published (S6.4): the array of last time while the generation is the same.
 */

declare(strict_types=1);

namespace Workerset;

part('instances');
part('codec');

function read(string $name): array
{
    check_name($name, 'the name of a background worker');
    $instance = Instance::known($name);
    if ($instance !== null && $instance->request !== 0.0 && $instance->request === request()) {
        return $instance->vars;
    }
    $words = $instance?->slot->words();
    if ($words === null || $words->epoch !== $instance->epoch) {
        $instance = resolve($name);
        $words = $instance->slot->words();
    }
    $instance->slot->touch($words);
    if ($words->generation !== $instance->generation || $words->published === 0) {
        load($name, $instance);
    }
    $instance->request = request();
    return $instance->vars;
}

/** Raises RuntimeException where the name is not declared, or nothing is to run under it. */
function resolve(string $name): Instance
{
    $reply = ask('resolve', ['name' => $name, 'scope' => scope_field()], 5.0);
    $said = $reply['instance'] ?? [];
    if (($said['vars'] ?? null) === null) {
        throw new \RuntimeException(
            "background worker \"$name\" is not running: call frankenphp_ensure_background_worker() first"
        );
    }
    return Instance::learn($name, $said);
}

function load(string $name, Instance $instance): void
{
    $newest = $instance->slot->newest();
    if ($newest === null) {
        $why = in_array($instance->gate, ['', 'vars'], true)
            ? 'it has not called frankenphp_set_vars()'
            : "ensure does not wait for that while its set says ready_when: {$instance->gate}";
        throw new \RuntimeException("background worker \"$name\" has not published vars yet: $why");
    }
    try {
        $instance->vars = decode($newest[1]);
    } catch (\JsonException $problem) {
        throw new \RuntimeException("the vars of \"$name\" cannot be read: {$problem->getMessage()}");
    }
    $instance->generation = $newest[0];
}

/** What tells requests apart: in a server, one request sees one snapshot of a name (S6.6). 0 on the command line. */
function request(): float
{
    return PHP_SAPI === 'cli' ? 0.0 : (float) ($_SERVER['REQUEST_TIME_FLOAT'] ?? 0.0);
}
