# The door to virtual time: a descriptor that is the world's. See ../README.md.
package Door;
use strict;
use warnings;

use IO::Handle;
use POSIX ();
use Time::HiRes qw(clock_gettime CLOCK_MONOTONIC);

sub new {
    my ($class) = @_;
    my $number = $ENV{CEDE_DOOR} // die "no CEDE_DOOR: this driver is started by cede, with its time preloaded\n";
    pipe my $ours, my $worlds or die "pipe: $!";
    $ours->blocking(0);
    return bless { number => $number, ours => $ours, worlds => $worlds, keys => 0 }, $class;
}

# A scenario begins.
sub begin {
    my ($self, $pace) = @_;
    $self->tell("begin $pace " . fileno $self->{worlds});
    $self->{beginning} = clock_gettime(CLOCK_MONOTONIC);
}

# It is over, and what was not heard of it is gone.
sub end {
    my ($self) = @_;
    $self->tell('end');
    $self->drain;
}

# What becomes ready to be read when a run is to be ended.
sub wake { $_[0]{ours} }

sub drain {
    my ($self) = @_;
    sysread $self->{ours}, my $bytes, 64;
}

sub tell {
    my ($self, $command) = @_;
    POSIX::write($self->{number}, "$command\n", length($command) + 1) // die "the door refuses `$command`: $!\n";
}

# Something happens outside of the loop at this moment; gives its key.
sub at {
    my ($self, $moment, $what) = @_;
    my $key = ++$self->{keys};
    $self->tell("at $moment $key $what");
    return $key;
}

# What the world has seen since it was asked last, each as words.
sub seen {
    my ($self) = @_;
    my $count = POSIX::read($self->{number}, my $bytes, 1 << 16);
    return $count && $count > 0 ? map { [split ' '] } split /\n/, substr($bytes, 0, $count) : ();
}

# Nanoseconds since the scenario began.
sub now {
    my ($self) = @_;
    return nanos(clock_gettime(CLOCK_MONOTONIC) - $self->{beginning});
}

# Seconds as whole nanoseconds.
sub nanos { 0 + sprintf '%.0f', $_[0] * 1e9 }

1;
