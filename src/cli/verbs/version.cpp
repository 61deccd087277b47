#include <fmt/core.h>
#include <boost/json.hpp>

#include "print/output.hpp"
#include "verbs/verbs.hpp"

namespace orilla::cli {
namespace json = boost::json;

Result<void> run_version(Client& client, const Options& options) {
    if (!options.output.empty() && options.output != "json" && options.output != "yaml")
        return usage("--output must be 'yaml' or 'json'");
    TRY_VOID(refuse_words(options));
    json::object all{{"clientVersion", {{"gitVersion", "v" ORILLA_VERSION}}}};
    Request request;
    request.path = "/version";
    auto body = options.client_only ? Result<std::string>(std::string("{}")) : client.send(request);
    if (body && !options.client_only) {
        TRY(json::object server, parse_object(*body));
        all["serverVersion"] = std::move(server);
    }
    if (is_machine_output(options.output)) {
        TRY(std::string text, render_object(json::serialize(all), options));
        print_value(text);
    } else {
        print("Client Version: v" ORILLA_VERSION "\n");
        if (all.contains("serverVersion"))
            print(fmt::format("Server Version: {}\n", text_at(object_at(all, "serverVersion"), "gitVersion")));
    }
    if (!body) return std::move(body).error();
    return ok();
}

}  // namespace orilla::cli
