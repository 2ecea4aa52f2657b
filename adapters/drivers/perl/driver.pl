#!/usr/bin/env perl
# Plays scenarios on IO::Async. The protocol is in ../README.md.
use strict;
use warnings;

# Perl shuffles its hashes anew in each process, and IO::Async calls descriptors in the order of one.
BEGIN {
    unless (defined $ENV{PERL_HASH_SEED}) {
        @ENV{qw(PERL_HASH_SEED PERL_PERTURB_KEYS)} = (0, 0);
        exec $^X, $0, @ARGV;
    }
}

use FindBin;
use lib $FindBin::Bin;

use Door;
use Player;
use Verbs;

use constant PROTOCOL => 1;

# Of poll a millisecond, of the clock a microsecond.
use constant RESOLUTION => 1_001_000;

use constant MAPPING => <<'END';
call_soon: IO::Async::Loop->later; cancel: unwatch_idle
call_later: watch_time(after); call_at: watch_time(at), by the wall clock; cancel: unwatch_time
forever: nothing is asked of the loop
add_reader, add_writer: watch_io(on_read_ready), watch_io(on_write_ready)
remove_reader, remove_writer: unwatch_io; whether there was one the driver knows
create_future: new_future; set_result: done; set_exception: fail; cancel_future: cancel; add_done_callback: on_ready
create_task: an async sub of Future::AsyncAwait, called in later->then; cancel_task: cancel; set_result and set_exception of a task are not tried
await, call, catch, finally, repeat: await; sleep: await of delay_future; yield: await of later
gather: Future->needs_all; gather_exceptions: Future->wait_all; shield: without_cancel
run: run; run_until_complete: await; stop: stop
errors of callbacks: they leave run, which the driver then calls again
END

my $json = eval { require JSON::XS; JSON::XS->new } || do { require JSON::PP; JSON::PP->new };
$json->utf8->canonical;

sub hello {
    my ($command) = @_;
    my %unsupported = map { $_ => Verbs::why_not($_) } grep { !Verbs::knows($_) } @{ $command->{verbs} || [] };
    return {
        protocol => PROTOCOL, loop => 'io-async', version => $IO::Async::Loop::VERSION,
        language => sprintf('Perl %vd', $^V), bugs => 'https://rt.cpan.org/Dist/Display.html?Name=IO-Async',
        mapping => MAPPING, resolution => RESOLUTION, prompt => \1, unsupported => \%unsupported,
    };
}

sub answer {
    my ($command, $door) = @_;
    return hello($command) if $command->{cmd} eq 'hello';
    my %seq = exists $command->{seq} ? (seq => $command->{seq}) : ();
    return { %seq, unsupported => "this driver does not know the command $command->{cmd}" } if $command->{cmd} ne 'run';
    my $trace = eval { Player->new($command->{scenario}, $door)->play($command->{pace} || 'frozen') };
    return { %seq, $trace ? (trace => $trace) : (errored => "$@") };
}

# What is left over when a play is over is let go of, and nobody's business.
$SIG{__WARN__} = sub { print STDERR @_ unless $_[0] =~ /lost (?:its returning future|a sequence Future)/ };

my $door = Door->new;
$| = 1;
while (my $line = <STDIN>) {
    my $command = $json->decode($line);
    last if $command->{cmd} eq 'bye';
    print $json->encode(answer($command, $door)), "\n";
}
