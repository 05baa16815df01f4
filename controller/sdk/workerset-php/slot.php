<?php

/**
 * One worker name's shared memory: the header's words, the payload files (controller/sdk/workerset/layout.py).
 */

declare(strict_types=1);

namespace Workerset;

part('system');

/** The words of a header that a reader looks at. */
final class Words
{
    public function __construct(
        public readonly int $generation,
        public readonly int $ready,
        public readonly int $epoch,
        public readonly int $published,
        public readonly int $swept,
    ) {
    }
}

/** A header file, open. Reads and writes go straight to the page that everybody has mapped. */
final class Slot
{
    private const MAGIC = "WSSLOT1\n";
    private const PAYLOAD_MAGIC = "WSVARS1\n";
    private const PREAMBLE_SIZE = 32;
    private const TOUCHED_AT = 512 * 8;
    private const LOOKS = 4;

    /** SWEPT when TOUCHED was stored last. */
    private ?int $touched = null;
    /** @var resource */
    private $file;

    /** Raises RuntimeException if there is no such slot. */
    public function __construct(public readonly string $path)
    {
        $file = quietly(static fn () => open_file($path, 'r+b') ?: open_file($path, 'rb'), $warning);
        if ($file === false) {
            throw new \RuntimeException("there is no shared memory at $path: $warning");
        }
        stream_set_read_buffer($file, 0);
        stream_set_write_buffer($file, 0);
        $this->file = $file;
        if ($this->bytes(0, 8) !== self::MAGIC) {
            throw new \RuntimeException("the header of shared memory is damaged, it has no mark: $path");
        }
    }

    /** One read, which is all that an unchanged snapshot costs. */
    public function words(): Words
    {
        $page = $this->bytes(8, 40);
        if (strlen($page) < 40) {
            throw new \RuntimeException("the header of shared memory is damaged, it is cut off: {$this->path}");
        }
        [, $generation, $ready, $epoch, $published, $swept] = unpack('P5', $page);
        return new Words($generation, $ready, $epoch, $published, $swept);
    }

    /**
     * S6.9: somebody wants this name. Written once after each time that the controller cleared it. Whether it
     * says so now: where it can only be read (S8.4), others have to say it.
     */
    public function touch(Words $words): bool
    {
        if ($this->touched !== $words->swept) {
            $this->store(self::TOUCHED_AT, 1);
            $this->touched = $this->bytes(self::TOUCHED_AT, 8) === pack('P', 1) ? $words->swept : null;
        }
        return $this->touched !== null;
    }

    /** Whether this is still the file that everybody looks at: it may have been made anew. */
    public function is_current(): bool
    {
        return fstat($this->file)['nlink'] > 0;
    }

    /** Who besides its user may read it (S8.4), as bits of a mode: a payload is given the same. */
    public function readable(): int
    {
        return fstat($this->file)['mode'] & 0044;
    }

    public function set_word(int $word, int $value): void
    {
        $this->store($word * 8, $value);
    }

    /** Held until the slot is closed or the process dies: one publish at a time. */
    public function lock(): void
    {
        if (!flock($this->file, LOCK_EX)) {
            throw new \RuntimeException("the shared memory cannot be locked: {$this->path}");
        }
    }

    public function close(): void
    {
        fclose($this->file);
    }

    /**
     * The newest generation and its body; null if nothing was ever published. A generation that is replaced
     * while it is looked at is looked for again. Raises RuntimeException if it stays damaged.
     *
     * @return array{int, string}|null
     */
    public function newest(): ?array
    {
        $before = null;
        $looks = 0;
        while (true) {
            $words = $this->words();
            if ($words->published === 0) {
                return null;
            }
            $body = $this->body($words->generation);
            if ($body !== null) {
                return [$words->generation, $body];
            }
            $looks = $words->generation === $before ? $looks + 1 : 1;
            $before = $words->generation;
            if ($looks < self::LOOKS) {
                continue;
            }
            $file = "{$this->path}.$before";
            throw new \RuntimeException("published vars are damaged or missing: the next publish heals it: $file");
        }
    }

    /** The body of one generation, if its file is there and whole. */
    public function body(int $generation): ?string
    {
        $path = "{$this->path}.$generation";
        $bytes = quietly(static function () use ($path): string|false {
            $file = open_file($path, 'rb');
            return $file === false ? false : stream_get_contents($file);
        });
        if ($bytes === false || strlen($bytes) < self::PREAMBLE_SIZE) {
            return null;
        }
        $said = unpack('a8magic/Pgeneration/Plength/Vcrc', $bytes);
        $body = substr($bytes, self::PREAMBLE_SIZE);
        $whole = $said['magic'] === self::PAYLOAD_MAGIC && $said['generation'] === $generation
            && $said['length'] === strlen($body) && $said['crc'] === crc32($body);
        return $whole ? $body : null;
    }

    /** The bytes of a payload file. */
    public static function payload(int $generation, string $body): string
    {
        return self::PAYLOAD_MAGIC . pack('PPVV', $generation, strlen($body), crc32($body), 0) . $body;
    }

    private function bytes(int $at, int $length): string
    {
        fseek($this->file, $at);
        return (string) fread($this->file, $length);
    }

    private function store(int $at, int $value): void
    {
        $file = $this->file;
        quietly(static function () use ($file, $at, $value): void {
            fseek($file, $at);
            fwrite($file, pack('P', $value));
        });
    }
}
