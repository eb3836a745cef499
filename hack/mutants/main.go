// Command mutants measures how many small bugs the tests catch.
//
// It rewrites the source of a package so that one test binary contains every mutant: each mutated place asks whether its mutant is the one
// that the environment chose. So a mutant costs a run of the tests and no build. The work tree is never touched: the rewritten files are an
// overlay of the build. With -planted it plants bugs that were written by hand instead, one build each.
package main

import (
	"flag"
	"fmt"
	"io"
	"os"
	"regexp"
	"strings"
)

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, "mutants:", err)
		os.Exit(1)
	}
}

// options are what the command was asked for.
type options struct {
	only, campaign, survivors, again string
	planted, list, quick             bool
	sample                           int
}

func parse() options {
	var o options
	flag.StringVar(&o.only, "run", "",
		"with -planted: the bugs whose names match this regular expression; else: the places whose file and function match")
	flag.BoolVar(&o.planted, "planted", false, "plant the bugs that were written by hand")
	flag.BoolVar(&o.list, "list", false, "list the mutants and try none")
	flag.IntVar(&o.sample, "sample", 0,
		"try at most so many mutants of each campaign, evenly spread, and 150 of the controllers, whose tests take long; 0: all")
	flag.StringVar(&o.campaign, "campaign", "", "run only this campaign: "+strings.Join(campaignNames(), ", "))
	flag.StringVar(&o.survivors, "survivors", "", "write the mutants that no test caught to this file")
	flag.StringVar(&o.again, "again", "", "try only the mutants that this file of survivors names")
	flag.BoolVar(&o.quick, "quick", false, "run only the first tests of a campaign, which hold the rows: so a new row is tried")
	flag.Parse()
	return o
}

func run() error {
	o := parse()
	chosen, err := regexp.Compile(o.only)
	if err != nil {
		return fmt.Errorf("reading -run: %w", err)
	}
	if o.planted {
		return plantAll(chosen)
	}
	return carryOutAll(o, chosen)
}

// carryOutAll carries out the campaigns that were asked for. The reasons are read first, so that a mistake in them costs no run.
func carryOutAll(o options, chosen *regexp.Regexp) error {
	known, err := reasons(equivalentText)
	if err != nil {
		return fmt.Errorf("reading the equivalent mutants: %w", err)
	}
	var survivors strings.Builder
	for _, c := range campaigns {
		if o.campaign != "" && c.name != o.campaign {
			continue
		}
		if o.quick {
			c.tests = c.tests[:1]
		}
		if err := c.carryOut(o, chosen, known, &survivors); err != nil {
			return fmt.Errorf("campaign %s: %w", c.name, err)
		}
	}
	if o.survivors == "" {
		return nil
	}
	if err := os.WriteFile(o.survivors, []byte(survivors.String()), 0o600); err != nil {
		return fmt.Errorf("writing the survivors: %w", err)
	}
	return nil
}

// carryOut lists the mutants of a campaign, or tries them.
func (c campaign) carryOut(o options, chosen *regexp.Regexp, known map[string]string, survivors io.Writer) error {
	if o.list {
		return c.list(os.Stdout, chosen, o)
	}
	report, err := c.run(chosen, o)
	if err == nil {
		report.print(known, survivors)
	}
	return err
}
