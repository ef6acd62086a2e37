// Lets the Adamax in adamax.hpp answer the questions of `adamax-ref verify`: one JSON object a line in, one a line out.
//
//   c++ -std=c++17 -O2 -ffp-contract=off -o adapter adapter.cpp     profile f32; with -DREAL=double profile f64
//   adamax-ref verify --dialect torch -- ./adapter
#include <charconv>
#include <cstdint>
#include <cstring>
#include <iostream>
#include <stdexcept>
#include <string>
#include <string_view>
#include "adamax.hpp"

using Text = std::string_view;
using std::string;
constexpr Text blank = " \t\r\n,:";

// A value that must be refused.
struct Refused : std::runtime_error {
    using runtime_error::runtime_error;
};

// The JSON value at the beginning of `text`, which may go on behind it.
Text value(Text text) {
    int depth = 0;
    bool quoted = false;
    for (std::size_t at = 0; at < text.size(); at++) {
        const char c = text[at];
        if (!quoted && depth == 0 && at > 0 && Text(",:}] \t\r\n").find(c) != Text::npos) return text.substr(0, at);
        if (c == '"') quoted = !quoted;
        else if (quoted) at += c == '\\';
        else depth += (c == '{' || c == '[') - (c == '}' || c == ']');
    }
    return text;
}

// The members of an array; of an object keys and values in turn.
std::vector<Text> members(Text text) {
    std::vector<Text> found;
    if (!text.empty()) text.remove_prefix(1);
    for (;;) {
        text.remove_prefix(std::min(text.find_first_not_of(blank), text.size()));
        if (text.empty() || text[0] == ']' || text[0] == '}') return found;
        found.push_back(value(text));
        text.remove_prefix(found.back().size());
    }
}

// The value of a key of an object; empty where it has none.
Text get(Text object, const string &key) {
    const auto all = members(object);
    for (std::size_t at = 0; at + 1 < all.size(); at += 2)
        if (all[at] == '"' + key + '"') return all[at + 1];
    return {};
}

long integer(Text text) { return std::stol(string(text)); }

// Bit patterns in a string, one blank between them.
template <typename Real, typename Bits> std::vector<Real> numbers(Text text, std::size_t count) {
    const std::size_t width = 2 * sizeof(Real);
    if (text.size() != (count ? count * (width + 1) + 1 : 2)) throw Refused("an array is of wrong length");
    std::vector<Real> found(count);
    for (std::size_t i = 0; i < count; i++) {
        const Text word = text.substr(1 + i * (width + 1), width);
        Bits bits = 0;
        if (word.find_first_not_of("0123456789abcdef") != Text::npos) throw Refused("a number is malformed");
        std::from_chars(word.data(), word.data() + width, bits, 16);
        std::memcpy(&found[i], &bits, sizeof bits);
    }
    return found;
}

using Bits = std::conditional_t<sizeof(real) == 4, std::uint32_t, std::uint64_t>;
double scalar(Text number) { return numbers<double, std::uint64_t>(get(number, "f64"), 1)[0]; }

string shown(const char *name, const std::vector<real> &array) {
    string text = string(",\"") + name + "\":\"";
    char word[17];
    for (std::size_t i = 0; i < array.size(); i++) {
        Bits bits;
        std::memcpy(&bits, &array[i], sizeof bits);
        std::snprintf(word, sizeof word, "%0*llx", int(2 * sizeof bits), static_cast<unsigned long long>(bits));
        text += (i ? " " : "") + string(word);
    }
    return text + '"';
}

string run(Text question) {
    const Text hyper = get(question, "hyper"), init = get(question, "init");
    const auto h = [&](const char *name) { return scalar(get(hyper, name)); };
    const Hyper fixed{h("lr"), h("beta1"), h("beta2"), h("eps"), h("weight_decay"), get(hyper, "maximize") == "true"};
    std::size_t count = 1;
    for (Text size : members(get(question, "shape"))) count *= integer(size);
    const auto array = [&](Text text) { return numbers<real, Bits>(text, count); };
    State state{array(get(init, "theta")), array(get(init, "m")), array(get(init, "u")), integer(get(init, "t"))};
    if (state.t < 0) throw Refused("t is negative");
    const auto steps = members(get(question, "steps"));
    string answer;
    long done = 0;
    for (Text reported : members(get(question, "report"))) {
        for (; done < integer(reported); done++) {
            const Text now = steps.at(done), lr = get(now, "lr");
            Hyper at = fixed;
            if (!lr.empty()) at.lr = scalar(lr);
            if (const char *why = refused(at)) throw Refused(why);
            if (get(now, "skip").empty()) step(state, array(get(now, "grad")), at);
        }
        answer += (answer.empty() ? "" : ",") + string("{\"step\":") + std::to_string(done) + ",\"t\":" + std::to_string(state.t);
        answer += shown("theta", state.theta) + shown("m", state.m) + shown("u", state.u) + "}";
    }
    return "\"steps\":[" + answer + "]}";
}

int main() {
    for (string line; std::getline(std::cin, line);) {
        const string id(get(line, "id"));
        string answer = string(R"({"axp":1,"language":"c++","profiles":[")") + (sizeof(real) == 4 ? "f32" : "f64") + "\"]," +
                        about + R"(,"declares":[],"exposes":["theta","m","u","t"]})";
        if (!id.empty()) try {
            answer = "{\"id\":" + id + ',' + run(line);
        } catch (const Refused &why) {
            answer = "{\"id\":" + id + R"(,"refused":{"message":")" + why.what() + "\"}}";
        }
        std::cout << answer << std::endl;
    }
}
