/** What vedette-cli says about itself. */

export const USAGE = `Usage: vedette-cli [OPTIONS] [command [argument ...]]

Sends a command and prints the reply. Without a command it reads commands, from a person or from a pipe.

Where to:
  -h <host>            server (127.0.0.1)
  -p <port>            port (6379)
  -s <path>            Unix socket, instead of host and port
  -u <uri>             redis://user:password@host:port/database
  -n <database>        database number
  -a, --pass <secret>  password; better in the environment variable REDISCLI_AUTH
  --user <name>        user of that password
  --askpass            ask for the password
  --no-auth-warning    no warning about a password on the command line
  -2, -3               protocol version (2)
  -c                   follow the redirections of a cluster

Clusters:
  --cluster <subcommand> ...  create, check, info, fix, reshard, rebalance, add-node, del-node, call, set-timeout,
                       import, backup; --cluster help tells more

What to send:
  -r <count>           send it so many times; negative: for ever
  -i <seconds>         wait so long in between
  -x                   standard input is the last argument
  -X <tag>             standard input replaces the argument <tag>
  --quoted-input       arguments are quoted strings with escapes: '"a\\x00b"'

Instead of sending a command:
  --scan               print the names of all keys; --pattern <glob>, --quoted-pattern <glob>, --count <n>
  --bigkeys, --memkeys the largest keys by elements, by memory (--memkeys-samples <n>); --pattern, --count
  --hotkeys            the keys used most, with maxmemory-policy *lfu; --pattern, --count
  --stat               a line of figures every second (-i)
  --latency            how long PING takes; --latency-history every 15 seconds anew (-i); --latency-dist in colours
                       (--mono: greys)
  --intrinsic-latency <seconds>  how long this machine keeps a program waiting
  --lru-test <keys>    a cache's work with 80 percent of it on 20 percent of the keys
  --pipe               protocol from standard input, in bulk; --pipe-timeout <seconds> (30, 0: wait for ever)
  --rdb <file>         take a snapshot (-: to standard output); --functions-rdb <file>: of the functions only
  --replica            print what the master sends to its replicas
  --eval <file> key ... , argument ...  run a Lua script

What to print:
  --raw, --no-raw      replies as they are (when standard output is no terminal), or with types and quotes
  --csv, --json        as CSV, as JSON (RESP3 unless -2 is given)
  --quoted-json        as JSON with bytes that are no ASCII escaped
  -d <text>            between the elements of a raw reply (newline)
  -D <text>            after each raw reply (newline)
  --show-pushes <y|n>  print RESP3 pushes that answer nothing (on a terminal)
  -e                   an error reply goes to standard error, and the exit status is 1

  --help, --version
`;
