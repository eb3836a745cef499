package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"time"

	"github.com/vmss-rollouts/vmss-rollouts/internal/azuresim"
)

const (
	manyInstances = 1000
	// maxListMS is the bound of issue 4 for all pages of 1,000 instances.
	maxListMS = 20.0
	// Other programs may use the host meanwhile: all rounds are bounded, and the quietest of them is shown beside.
	rounds, listsPerRound = 5, 60
)

// reader reads pages as fast as they come: it looks for the next link and into nothing else.
type reader struct {
	client *http.Client
	page   []byte
	sizes  []int // of the pages of the last list
}

// list reads all pages.
func (r *reader) list(ctx context.Context, next string) error {
	r.sizes = r.sizes[:0]
	for next != "" {
		request, err := http.NewRequestWithContext(ctx, http.MethodGet, next, nil)
		if err != nil {
			return err
		}
		request.Header.Set("Authorization", "Bearer bench")
		if err := r.fetch(request); err != nil {
			return err
		}
		r.sizes = append(r.sizes, len(r.page))
		next = nextLink(r.page)
	}
	return nil
}

func (r *reader) fetch(request *http.Request) error {
	response, err := r.client.Do(request)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		return fmt.Errorf("reading %s: %s", request.URL, response.Status)
	}
	r.page = slices.Grow(r.page[:0], int(response.ContentLength))[:response.ContentLength]
	_, err = io.ReadFull(response.Body, r.page)
	return err
}

// nextLink is the link at a page's end; empty on the last page.
func nextLink(page []byte) string {
	const name = `"nextLink": "`
	tail := page[max(0, len(page)-1000):]
	_, link, found := bytes.Cut(tail, []byte(name))
	if !found {
		return ""
	}
	link, _, _ = bytes.Cut(link, []byte(`"`))
	return string(link)
}

// timing is how long all but the slowest twentieth of lists take, in milliseconds.
type timing struct {
	all      float64 // of all lists
	quietest float64 // of those in the round that others disturbed least
}

// measure reads the same list again and again.
func (r *reader) measure(ctx context.Context, first string) (timing, error) {
	var t timing
	var all []time.Duration
	for round := range rounds {
		took := make([]time.Duration, listsPerRound)
		for i := range took {
			began := time.Now()
			if err := r.list(ctx, first); err != nil {
				return t, err
			}
			took[i] = time.Since(began)
		}
		all = append(all, took...)
		if ms := p95(took); round == 0 || ms < t.quietest {
			t.quietest = ms
		}
	}
	t.all = p95(all)
	return t, nil
}

// p95 is the longest but for the longest twentieth, in milliseconds.
func p95(took []time.Duration) float64 {
	sorted := slices.Sorted(slices.Values(took))
	return float64(sorted[len(sorted)*95/100-1].Microseconds()) / 1000
}

// measureLists reads lists of 1,000, and what is as long from a server that has nothing to do.
func measureLists(ctx context.Context, s *simulator) error {
	r := &reader{client: s.client}
	plain, err := r.measure(ctx, s.firstPage(0, ""))
	if err != nil {
		return fmt.Errorf("listing instances: %w", err)
	}
	floor, err := r.floor(ctx)
	if err != nil {
		return fmt.Errorf("reading as many bytes: %w", err)
	}
	inProcess, err := listsInProcess(ctx)
	if err != nil {
		return fmt.Errorf("listing instances in process: %w", err)
	}
	expanded, err := r.measure(ctx, s.firstPage(0, "&$expand=instanceView"))
	if err != nil {
		return fmt.Errorf("listing instances with instance views: %w", err)
	}
	fmt.Printf("figure: sim_list_1000_ms %.1f\n", plain.all)
	fmt.Printf("figure: sim_list_1000_quietest_ms %.1f\n", plain.quietest)
	fmt.Printf("figure: sim_list_1000_expand_ms %.1f\n", expanded.all)
	fmt.Printf("figure: sim_list_1000_in_process_ms %.1f\n", inProcess.all)
	fmt.Printf("figure: sim_list_1000_over_copying %.1f\n", plain.all/floor.all)
	if plain.all > maxListMS {
		return fmt.Errorf("reading all pages of %d instances takes %.1f ms, more than %.0f", manyInstances, plain.all, maxListMS)
	}
	return nil
}

// listsInProcess lists through the transport that simulations use, without sockets.
func listsInProcess(ctx context.Context) (timing, error) {
	sim := azuresim.New(azuresim.Options{})
	defer sim.Close()
	staging, err := stagingOf(0)
	if err != nil {
		return timing{}, err
	}
	w := httptest.NewRecorder()
	sim.Control().ServeHTTP(w, httptest.NewRequestWithContext(ctx, http.MethodPut, "/scalesets", bytes.NewReader(staging)))
	if w.Code != http.StatusOK {
		return timing{}, fmt.Errorf("making a scale set: %d %s", w.Code, w.Body)
	}
	r := &reader{client: &http.Client{Transport: sim.Transport()}}
	return r.measure(ctx, "http://azure.example"+listOf(0, ""))
}

// floor is how long pages as long as the last list's take that were written before.
func (r *reader) floor(ctx context.Context) (timing, error) {
	if len(r.sizes) == 0 {
		return timing{}, errors.New("nothing was listed")
	}
	sizes := slices.Clone(r.sizes)
	largest := bytes.Repeat([]byte(" "), slices.Max(sizes)+100)
	copies := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, request *http.Request) {
		n, err := strconv.Atoi(request.URL.RawQuery)
		if err != nil || n < 0 || n >= len(sizes) {
			w.WriteHeader(http.StatusBadRequest)
			return
		}
		page := largest[:sizes[n]]
		w.Header().Set("Content-Length", strconv.Itoa(len(page)+linkRoom))
		_, _ = w.Write(page) // a client that went away shows on its side
		_, _ = fmt.Fprintf(w, "%*s", linkRoom, linkTo(request.Host, n+1, len(sizes)))
	}))
	defer copies.Close()
	return r.measure(ctx, copies.URL+"?0")
}

const linkRoom = 80

func linkTo(host string, n, of int) string {
	if n == of {
		return ""
	}
	return fmt.Sprintf(`"nextLink": "http://%s?%d"`, host, n)
}
