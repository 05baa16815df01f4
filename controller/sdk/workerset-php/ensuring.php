<?php

/**
 * ensure (S3): all names are checked before anything is asked for; the controller waits, not this process.
 */

declare(strict_types=1);

namespace Workerset;

part('instances');

const DEFAULT_TIMEOUT = 30.0;

function ensure(string|array $name, ?float $timeout): void
{
    if ($timeout !== null && !($timeout > 0 && is_finite($timeout))) {
        throw new \ValueError('the timeout must be greater than 0');
    }
    $names = is_string($name) ? [$name] : $name;
    if (is_string($name)) {
        check_name($name, 'the name of a background worker');
    } else {
        check_names($name);
    }
    if (all_ready($names)) {
        return;
    }
    $seconds = $timeout ?? DEFAULT_TIMEOUT;
    $reply = ask('ensure', [
        'names' => array_values($names), 'scope' => scope_field(), 'timeout' => $seconds,
        'wait' => true, 'bootstrap' => false,
    ], $seconds);
    foreach (array_values($names) as $place => $one) {
        $said = $reply['instances'][$place] ?? null;
        if (isset($said['vars'])) {
            Instance::learn($one, $said)->ensured = true;
        }
    }
}

/** S3.1. Raises ValueError or TypeError. */
function check_names(array $names): void
{
    if ($names === []) {
        throw new \ValueError('the list of background workers must not be empty');
    }
    $seen = [];
    foreach ($names as $name) {
        if (!is_string($name)) {
            throw new \TypeError(
                'the list of background workers must contain only strings, found: ' . get_debug_type($name)
            );
        }
        check_name($name, 'the name of a background worker');
        if (isset($seen[$name])) {
            throw new \ValueError("the list of background workers has a duplicate: $name");
        }
        $seen[$name] = true;
    }
}

/** S3.9: what this process ensured and is still ready needs nobody's answer. */
function all_ready(array $names): bool
{
    foreach ($names as $name) {
        $instance = Instance::known($name);
        if ($instance === null || !$instance->ensured) {
            return false;
        }
        $words = $instance->slot->words();
        if ($words->epoch !== $instance->epoch || $words->ready !== 1 || !$instance->slot->touch($words)) {
            return false;
        }
    }
    return true;
}
