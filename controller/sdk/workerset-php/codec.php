<?php

/**
 * Published values as bytes and back: UTF-8 JSON, and an object with one key that begins with `$` for what
 * JSON has no word for (S6.2, docs/worker-contract.md).
 */

declare(strict_types=1);

namespace Workerset;

const JSON_DEPTH = 4 * NESTING_LIMIT;

/** The body of a payload. Raises ValueError, with the path of what cannot be published. */
function encode(array $vars): string
{
    $flags = JSON_UNESCAPED_SLASHES | JSON_UNESCAPED_UNICODE | JSON_UNESCAPED_LINE_TERMINATORS
        | JSON_PRESERVE_ZERO_FRACTION | JSON_THROW_ON_ERROR;
    if ($vars === []) {
        return '{}';
    }
    $tree = encode_map($vars, '', 1);
    $digits = ini_set('serialize_precision', '-1');
    try {
        return json_encode($tree, $flags, JSON_DEPTH);
    } finally {
        if ($digits !== false) {
            ini_set('serialize_precision', $digits);
        }
    }
}

function encode_value(mixed $value, string $path, int $depth): mixed
{
    if (is_string($value)) {
        return is_utf8($value) ? $value : ['$bytes' => base64_encode($value)];
    }
    if (is_array($value)) {
        return encode_array($value, $path, $depth + 1);
    }
    if (is_float($value)) {
        return is_finite($value) ? $value : ['$float' => is_nan($value) ? 'nan' : ($value > 0 ? 'inf' : '-inf')];
    }
    if ($value === null || is_scalar($value)) {
        return $value;
    }
    if ($value instanceof \UnitEnum) {
        return ['$enum' => ['php:' . $value::class, $value->name]];
    }
    throw new \ValueError("cannot be published: $path is of type " . get_debug_type($value)
        . '; allowed are null, bool, int, float, string, array and enum cases');
}

function encode_array(array $values, string $path, int $depth): array
{
    if ($depth > NESTING_LIMIT) {
        throw new \ValueError('nested deeper than ' . NESTING_LIMIT . " arrays: $path");
    }
    if (!array_is_list($values)) {
        return encode_map($values, $path, $depth);
    }
    $list = [];
    foreach ($values as $key => $value) {
        refuse_reference($values, $key, $path);
        $list[] = encode_value($value, "{$path}[$key]", $depth);
    }
    return $list;
}

/** An object, or pairs where a key is a number or could be taken for a tag. */
function encode_map(array $values, string $path, int $depth): array
{
    $map = [];
    $pairs = count($values) === 1 && is_string($only = array_key_first($values)) && str_starts_with($only, '$');
    foreach ($values as $key => $value) {
        $where = "{$path}[" . (is_int($key) ? $key : "'$key'") . ']';
        refuse_reference($values, $key, $path);
        if (is_int($key)) {
            $pairs = true;
        } elseif (!is_utf8($key)) {
            throw new \ValueError('a key is not UTF-8: ' . $path . '[' . addcslashes($key, "\0..\37\177..\377") . ']');
        }
        $map[$key] = encode_value($value, $where, $depth);
    }
    if (!$pairs) {
        return $map;
    }
    return ['$map' => array_map(static fn ($key) => [$key, $map[$key]], array_keys($map))];
}

/** A reference would let a published value change behind its back; one that nobody shares is none. */
function refuse_reference(array $values, int|string $key, string $path): void
{
    if (\ReflectionReference::fromArrayElement($values, $key) !== null) {
        $where = "{$path}[" . (is_int($key) ? $key : "'$key'") . ']';
        throw new \ValueError("cannot be published: $where is a reference; assign its value instead");
    }
}

function is_utf8(string $text): bool
{
    return preg_match('//u', $text) === 1;
}

/**
 * What a body says. An integer beyond 64 bits arrives as a string of its digits.
 *
 * Raises LogicException for an enum that this process cannot name, JsonException for what is no body.
 */
function decode(string $body): array
{
    $tree = json_decode($body, true, JSON_DEPTH, JSON_THROW_ON_ERROR | JSON_BIGINT_AS_STRING);
    if (str_contains($body, '"$')) {
        $tree = decode_value($tree);
    }
    if (!is_array($tree)) {
        throw new \JsonException('the body is no object');
    }
    return $tree;
}

function decode_value(mixed $value): mixed
{
    if (!is_array($value)) {
        return $value;
    }
    if (count($value) === 1 && is_string($tag = array_key_first($value)) && str_starts_with($tag, '$')) {
        return decode_tag($tag, $value[$tag]);
    }
    foreach ($value as $key => $one) {
        if (is_array($one)) {
            $value[$key] = decode_value($one);
        }
    }
    return $value;
}

function decode_tag(string $tag, mixed $value): mixed
{
    switch ($tag) {
        case '$bytes':
            $bytes = base64_decode((string) $value, true);
            return $bytes === false ? throw new \JsonException('damaged base64') : $bytes;
        case '$float':
            return ['nan' => NAN, 'inf' => INF, '-inf' => -INF][$value] ?? throw new \JsonException('no such float');
        case '$map':
            $map = [];
            foreach ($value as [$key, $one]) {
                $map[$key] = decode_value($one);
            }
            return $map;
        case '$enum':
            return enum_case((string) $value[0], (string) $value[1]);
    }
    throw new \JsonException("a newer version wrote this: unknown tag $tag");
}

/** The same case, if its enum is loaded here: nothing is loaded because a writer named it. */
function enum_case(string $enum, string $case): \UnitEnum
{
    $class = str_starts_with($enum, 'php:') ? substr($enum, 4) : '';
    if ($class === '' || !enum_exists($class, false)) {
        $hint = $class === '' ? 'an enum of another language cannot be read in PHP' : 'load it before reading';
        throw new \LogicException("the published value holds an enum that is not loaded here ($hint): "
            . ($class === '' ? $enum : $class));
    }
    if (!defined("$class::$case") || !(($found = constant("$class::$case")) instanceof \UnitEnum)) {
        throw new \LogicException("the published value holds a case that this enum does not have: $class::$case");
    }
    return $found;
}
