package azuresim

import (
	"encoding/base64"
	"strconv"
	"strings"
)

// listCharge is what a page of instances costs: a view for each that is shown,
// and on the first page one for each surplus machine that is not
// (azure-facts §2.1). With $filter all that was looked at may cost (azure-facts §6).
func (s *lister) listCharge(r *request, set *scaleSet, shown int, isFirst bool) int {
	charge := shown
	if s.switches.FilterCharge == "scanned" && r.queryValue("$filter") != "" && isFirst {
		charge = len(set.instances)
	}
	if isFirst {
		charge += len(set.surplus)
	}
	return charge
}

// filterOf is what a filter's text stands for; what it does in Flexible sets is not known (azure-facts §2.7).
func (s *lister) filterOf(set *scaleSet, text string) (func(look) bool, bool) {
	if set.isFlexible() && text != "" {
		switch s.switches.FlexibleFilter {
		case "ignore":
			text = ""
		case "refuse":
			return nil, false
		}
	}
	filter, known := filters[text]
	return filter, known
}

// How lists are cut into pages is not documented (azure-facts §6): pages may
// differ in size, the last may be empty, and links were not always encoded.

// sizeOfPage is how many instances the page after an id has.
func (s *lister) sizeOfPage(after int) int {
	if s.switches.PageSizes == "same" {
		return s.pageSize
	}
	return s.pageSize - int(s.seeded(strconv.Itoa(after))%uint64(max(1, s.pageSize/2)))
}

// afterLastPage is the id that an empty page goes on from; below zero: there is none.
func (s *lister) afterLastPage(page []look) int {
	if len(page) > 0 && s.switches.LastPage == "empty" {
		return page[len(page)-1].id
	}
	return -1
}

// plainMark makes a token contain plus signs, which mean spaces where nobody encoded them.
const plainMark = "\xfb\xef\xbe"

// pageLink is where the next page is.
func (s *lister) pageLink(r *request, last int) string {
	link := nextLink(r, last)
	if s.switches.PageLinks == "encoded" {
		return link
	}
	token := base64.StdEncoding.EncodeToString([]byte(plainMark + tokenPrefix + strconv.Itoa(last)))
	before, rest, _ := strings.Cut(link, "%24skiptoken=")
	_, after, _ := strings.Cut(rest, "&")
	return before + after + "&$skiptoken=" + token
}

// tokenOfPage is a page's token as it was sent, or as it was meant: a client
// that takes a plain link as it is has its plus signs read as spaces.
func (s *lister) tokenOfPage(token string) string {
	if s.switches.PageLinks == "plain" {
		token = strings.ReplaceAll(token, " ", "+")
	}
	text, err := base64.StdEncoding.DecodeString(token)
	if err != nil {
		return token
	}
	return base64.StdEncoding.EncodeToString([]byte(strings.TrimPrefix(string(text), plainMark)))
}
