package render

import (
	"encoding/base64"
	"strconv"
	"strings"

	"github.com/vmss-rollouts/vmss-rollouts/internal/azuresim/arm"
	"github.com/vmss-rollouts/vmss-rollouts/internal/azuresim/vmss"
)

// ListCharge returns the charge of a page of instances: a view for each that is shown, and on the first page one for each surplus instance,
// which is not shown (docs/azure.md §2.1). With $filter all that was looked at may cost (docs/azure.md §6).
func (s *Lister) ListCharge(r *arm.Request, set *vmss.ScaleSet, shown int, isFirst bool) int {
	charge := shown
	if s.Switches.FilterCharge == "scanned" && r.QueryValue("$filter") != "" && isFirst {
		charge = len(set.Instances)
	}
	if isFirst {
		charge += len(set.Surplus)
	}
	return charge
}

// filterOf returns the filter that a text describes. The effect of filters in Flexible sets is not known (docs/azure.md §2.7).
func (s *Lister) filterOf(set *vmss.ScaleSet, text string) (func(Snapshot) bool, bool) {
	if set.IsFlexible() && text != "" {
		switch s.Switches.FlexibleFilter {
		case "ignore":
			text = ""
		case "refuse":
			return nil, false
		}
	}
	filter, known := filters[text]
	return filter, known
}

// How lists are cut into pages is not documented (docs/azure.md §6): pages may
// differ in size, the last may be empty, and links were not always encoded.

// sizeOfPage is how many instances the page after an id has.
func (s *Lister) sizeOfPage(after int) int {
	if s.Switches.PageSizes == "same" {
		return s.PageSize
	}
	return s.PageSize - int(s.Seeded(strconv.Itoa(after))%uint64(max(1, s.PageSize/2)))
}

// afterLastPage returns the id after which an empty page follows; below zero: there is none.
func (s *Lister) afterLastPage(page []Snapshot) int {
	if len(page) > 0 && s.Switches.LastPage == "empty" {
		return page[len(page)-1].ID
	}
	return -1
}

// plainMark makes a token contain plus signs, which mean spaces if a client does not encode them.
const plainMark = "\xfb\xef\xbe"

// PageLink is where the next page is.
func (s *Lister) PageLink(r *arm.Request, last int) string {
	link := nextLink(r, last)
	if s.Switches.PageLinks == "encoded" {
		return link
	}
	token := base64.StdEncoding.EncodeToString([]byte(plainMark + tokenPrefix + strconv.Itoa(last)))
	before, rest, _ := strings.Cut(link, "%24skiptoken=")
	_, after, _ := strings.Cut(rest, "&")
	return before + after + "&$skiptoken=" + token
}

// tokenOfPage is a page's token as it was sent, or as it was meant: a client
// that takes a plain link as it is has its plus signs read as spaces.
func (s *Lister) tokenOfPage(token string) string {
	if s.Switches.PageLinks == "plain" {
		token = strings.ReplaceAll(token, " ", "+")
	}
	text, err := base64.StdEncoding.DecodeString(token)
	if err != nil {
		return token
	}
	return base64.StdEncoding.EncodeToString([]byte(strings.TrimPrefix(string(text), plainMark)))
}
